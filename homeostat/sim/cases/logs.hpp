#pragma once

// Logs: what the services of a story wrote, in words of many makes.
//
// Some of it tells of the cause, much of it of its victims, most of it of nothing. Now and then an
// attacker's text stands in a field that users fill.
//
// Pure.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/cases/split.hpp"
#include "homeostat/sim/cases/story.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::sim::cases {

struct LogLine {
    double at_s{0};  ///< From the beginning of the window.
    std::string service;
    std::string_view level;
    std::string text;
};

constexpr std::size_t log_lines_max = 60;

/// Ordered by time.
[[nodiscard]] std::vector<LogLine> write_logs(Rng& rng, const Story& story, Split split);

}  // namespace homeostat::sim::cases
