#pragma once

// Times as others write them: RFC 3339 in UTC, to the millisecond.
//
// Another zone is refused: whoever we talk to writes "Z", and one form can be compared as text.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace homeostat {

/// "2026-11-27T06:00:30.250Z".
[[nodiscard]] std::string to_timestamp(WallTime at);

/// Reads a time of RFC 3339 to the millisecond. Nothing if it is none.
[[nodiscard]] std::optional<WallTime> parse_timestamp(std::string_view text);

}  // namespace homeostat
