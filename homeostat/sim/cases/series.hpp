#pragma once

// Series: what a monitoring system has of a story: every 5 s, rounded, noisy, and not all of it.
//
// Pure.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/cases/story.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::sim::cases {

constexpr std::uint32_t step_s = 5;
constexpr std::uint32_t replica_step_s = 30;  ///< There are many of them.

struct Series {
    std::string_view name;
    std::string service;
    std::string replica;  ///< Empty: of the whole service.
    std::string_view unit;
    /// Seconds from the beginning of the window. A value holds until the next point.
    std::vector<std::pair<std::uint32_t, double>> points;
};

/// To three significant digits, and to no fewer than whole ones: what a case writes.
[[nodiscard]] double rounded(double value);

/// Of services, replicas and caches. Some are missing, some late, some stuck; now and then a probe
/// calls a replica down that serves.
[[nodiscard]] std::vector<Series> measure(Rng& rng, const Story& story);

}  // namespace homeostat::sim::cases
