#pragma once

// MeshKey: who an agent is to its neighbours, and how often it has lived. Two small files beside
// each other: the private key, and the last epoch.
//
// Blocks; called at a start and by commands.

#include "homeostat/base/result.hpp"
#include "homeostat/mesh/ed25519.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::app {

/// The key at `file`, 64 hex digits and a line feed, mode 0600; made where there is none.
/// ERRORS: refused: others than its owner may read it; invalid: no such key; full.
[[nodiscard]] Result<mesh::SigningSeed> read_or_make_key(const std::filesystem::path& file);

/// The epoch that was stored last. With a higher one it is durable when this returns: an agent
/// lives under a number that none of its lives had before. ERRORS: invalid: the file is none; full.
[[nodiscard]] Result<std::uint64_t> begin_epoch(const std::filesystem::path& file);

[[nodiscard]] std::string to_hex(const mesh::PublicKey& key);

/// Nothing: not 64 hex digits of lower case.
[[nodiscard]] std::optional<mesh::PublicKey> parse_key(std::string_view hex);

}  // namespace homeostat::app
