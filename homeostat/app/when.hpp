#pragma once

// When: a point in time as a person types it, `--since 2h` or `--since 2026-11-27T06:00Z`. What
// base/timestamp.hpp writes is one form of it.
//
// Pure.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <string_view>

namespace homeostat::app {

/// "90s", "15m", "2h", "7d" before `now`; or a date "2026-11-27", with a time of UTC behind a T if
/// need be: "2026-11-27T06:00", "…T06:00:30Z", "…T06:00:30.250Z". ERRORS: invalid, with both forms.
[[nodiscard]] Result<WallTime> parse_when(std::string_view text, WallTime now);

}  // namespace homeostat::app
