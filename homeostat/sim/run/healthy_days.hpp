#pragma once

// Healthy days (P21): a service that nothing is wrong with, looked after for a day as in
// production, and everything may be done for it. Nothing has to be done.
//
// A day has what ordinary days have: traffic that waves and comes in bursts, on services that share
// hosts and caches. No rollout: one of this world takes who it replaces from the users.
//
// Pure.

#include "homeostat/sim/run/options.hpp"
#include "homeostat/sim/run/run_seed.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::sim {

constexpr double day_s = 86'400;

/// The day of this seed: another estate, another of its services, another model.
[[nodiscard]] Options healthy_day(std::uint64_t seed);

struct HealthyDays {
    std::uint64_t days{0};
    std::uint64_t orders{0};     ///< P21: of which there may be none.
    std::uint64_t incidents{0};  ///< Opened, and closed without any order.
    std::uint64_t told{0};       ///< Days on which a person was told something.
    std::uint64_t violations{0};
};

/// Adds a day to them.
void add_day(HealthyDays& days, const SeedResult& day);

}  // namespace homeostat::sim
