#pragma once

// What `homeostat sources` shows of lists of sources, and of what is marked by them.
//
// Pure.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"

#include <string>

namespace homeostat::app {

/// Of what the agent answers to GET /v1/sources, escaped and bounded like all that is told.
/// ERRORS: invalid: it is of another version.
[[nodiscard]] Result<std::string> sources_page(const json::value& answer);

}  // namespace homeostat::app
