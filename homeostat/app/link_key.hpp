#pragma once

// The key that vouches for links to questions: a small file of the agent's own, so that links hold
// over a restart.
//
// Blocks; called at a start.

#include "homeostat/base/result.hpp"
#include "homeostat/console/link_token.hpp"

#include <filesystem>

namespace homeostat::app {

/// The key at `file`, 64 hex digits and a line feed, mode 0600; made where there is none.
/// ERRORS: refused: others than its owner may read it; invalid: no such key; full.
[[nodiscard]] Result<console::LinkKey> read_or_make_link_key(const std::filesystem::path& file);

[[nodiscard]] console::LinkNonce draw_link_nonce();

}  // namespace homeostat::app
