#pragma once

// ApproverKey: the file with which an approver signs. It lies with the person, never with the
// agent.
//
// Blocks; called by commands.

#include "homeostat/base/result.hpp"
#include "homeostat/mesh/ed25519.hpp"

#include <filesystem>

namespace homeostat::app {

/// A new key at `file`: 64 hex digits and a line feed, mode 0600. ERRORS: busy: there is a file
/// already, which is never replaced; full.
[[nodiscard]] Result<mesh::SigningSeed> make_approver_key(const std::filesystem::path& file);

/// ERRORS: absent; refused: others than its owner may read it; invalid: no such key.
[[nodiscard]] Result<mesh::SigningSeed> read_approver_key(const std::filesystem::path& file);

}  // namespace homeostat::app
