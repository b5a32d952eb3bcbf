#pragma once

// Draws what a seed decides: world, limits, model, person, the scenario, and what else goes wrong
// beside it.
//
// Pure.

#include "homeostat/sim/run/options.hpp"
#include "homeostat/sim/run/scenario.hpp"

#include <cstdint>

namespace homeostat::sim {

/// Everything that the seed decides beforehand. `only` null: the seed's own scenario.
/// `services_count` 0: the demo's three, or 3 to 8.
[[nodiscard]] Options draw_options(std::uint64_t seed,
                                   const Scenario* only,
                                   std::uint32_t services_count = 0);

}  // namespace homeostat::sim
