#pragma once

// Scenes: small worlds for the tests of this folder, and what a stretch of time costs in them.
//
// Pure.

#include "homeostat/sim/world/world.hpp"

#include <string>

namespace homeostat::sim {

[[nodiscard]] inline EffectId effect_for_test(int number) {
    return EffectId("i-1.e" + std::to_string(number));
}

/// What users got in so many seconds from now.
[[nodiscard]] inline Tally pass(World& world, double seconds) {
    const Tally before = world.tally();
    world.run(ticks_of(seconds));
    return world.tally() - before;
}

/// One service `api` for users who try three times. A long queue: more waits in it than anybody
/// waits for. It carries 1920 per second; `rate` comes.
[[nodiscard]] inline Topology lone_service(double rate_per_s, double retry_budget) {
    Topology topology;
    ServiceSpec api{.name = "api", .replicas_count = 3, .spares_count = 3};
    api.queue_max = 2'000;
    api.warm_up_s = 0;
    topology.services = {api};
    topology.links = {
        {.caller = none, .target = 0, .attempts_max = 3, .retry_budget = retry_budget}};
    topology.traffic = {{.link = 0, .rate_per_s = rate_per_s}};
    return topology;
}

}  // namespace homeostat::sim
