#pragma once

// A wall time as the API writes those that it keeps to the microsecond (MicroTime).
//
// Pure.

#include "homeostat/base/timestamp.hpp"

#include <string>

namespace homeostat::adapters::kubernetes {

/// "2026-11-30T00:53:20.250000Z".
[[nodiscard]] inline std::string to_micro_time(WallTime at) {
    std::string text = to_timestamp(at);
    text.insert(text.size() - 1, "000");
    return text;
}

}  // namespace homeostat::adapters::kubernetes
