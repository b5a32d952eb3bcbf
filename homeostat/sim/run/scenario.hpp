#pragma once

// Scenario: a generator of worlds with one kind of trouble in the middle. Each seed of it is
// another world.
//
// Pure.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/run/options.hpp"

#include <span>
#include <string_view>

namespace homeostat::sim {

struct Scenario {
    std::string_view name;  ///< "S12"
    std::string_view title;
    /// Adds what makes it this scenario. Null: left out.
    void (*shape)(Rng& rng, Options& options);
    std::string_view left_out_because;
};

/// In the order of their numbers, with those that are left out.
[[nodiscard]] std::span<const Scenario> all_scenarios();

/// Null: there is none of that name.
[[nodiscard]] const Scenario* find_scenario(std::string_view name);

}  // namespace homeostat::sim
