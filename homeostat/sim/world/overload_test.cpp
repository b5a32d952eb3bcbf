// Overload that outlasts its cause comes out of queues, deadlines and retries; nothing scripts it.

#include "homeostat/sim/world/scenes_for_test.hpp"
#include "homeostat/sim/world/world.hpp"

#include <doctest/doctest.h>

namespace homeostat::sim {

namespace {

constexpr double rate_per_s = 900;
constexpr double surge_for_s = 10;

[[nodiscard]] double goodput(const Tally& tally) {
    return tally.good() / tally.requests;
}

/// A surge of 10 s has just ended.
[[nodiscard]] World surged(const Topology& topology) {
    World world(topology, 5);
    world.add({.kind = FaultKind::surge,
               .service = 0,
               .strength = 3,
               .begins_at = ticks_of(10),
               .ends_at = ticks_of(10 + surge_for_s)});
    world.run(ticks_of(10));
    CHECK(goodput(pass(world, surge_for_s)) < 0.8);
    return world;
}

}  // namespace

TEST_CASE("retries without a budget keep a service overloaded after its surge has ended") {
    World world = surged(lone_service(rate_per_s, 0));
    CHECK(goodput(pass(world, 60)) < 0.5);
    CHECK(goodput(pass(world, 600)) < 0.5);
}

TEST_CASE("a retry budget lets the same service recover by itself") {
    World world = surged(lone_service(rate_per_s, 0.1));
    (void)pass(world, 10);
    CHECK(goodput(pass(world, 50)) > 0.99);
}

TEST_CASE("no surge, no overload: the same service carries its traffic for ever") {
    World world(lone_service(rate_per_s, 0), 5);
    CHECK(goodput(pass(world, 600)) > 0.999);
}

TEST_CASE("shedding half of the load for 10 s brings it back, and it stays") {
    World world = surged(lone_service(rate_per_s, 0));
    (void)pass(world, 30);
    world.shed(0, 0.7, effect_for_test(1));
    (void)pass(world, 10);
    world.shed(0, 0, effect_for_test(2));
    (void)pass(world, 5);
    CHECK(goodput(pass(world, 60)) > 0.99);
}

TEST_CASE("more replicas bring it back") {
    World world = surged(lone_service(rate_per_s, 0));
    (void)pass(world, 30);
    for (ReplicaIndex spare = 3; spare < 6; ++spare) {
        CHECK(world.restart(spare, effect_for_test(static_cast<int>(spare))).kind ==
              OutcomeKind::done);
    }
    (void)pass(world, 15);
    CHECK(goodput(pass(world, 60)) > 0.99);
}

namespace {

/// `front` calls `back`; a stall of 10 s in `back` has just ended.
[[nodiscard]] World stalled_behind(double retry_budget) {
    Topology topology = lone_service(rate_per_s, 0);
    topology.services.push_back({.name = "back",
                                 .replicas_count = 2,
                                 .workers = 16,
                                 .own_time_ms = 20,
                                 .queue_max = 3'000,
                                 .timeout_ms = 300});
    topology.services[0].workers = 300;
    topology.links = {{.caller = 0, .target = 1, .attempts_max = 3, .retry_budget = retry_budget},
                      {.caller = none, .target = 0, .attempts_max = 1}};
    topology.traffic[0].link = 1;
    World world(topology, 5);
    world.add({.kind = FaultKind::slow_service,
               .service = 1,
               .strength = 10,
               .begins_at = ticks_of(10),
               .ends_at = ticks_of(20)});
    world.run(ticks_of(20));
    return world;
}

}  // namespace

TEST_CASE("a dependency stays overloaded by retries, and an open circuit lets it recover") {
    World world = stalled_behind(0);
    CHECK(goodput(pass(world, 60)) < 0.5);

    World kept = stalled_behind(0.1);
    (void)pass(kept, 10);
    CHECK(goodput(pass(kept, 50)) > 0.99);

    world.set_circuit(1, true, effect_for_test(1));
    (void)pass(world, 10);
    world.set_circuit(1, false, effect_for_test(2));
    (void)pass(world, 5);
    CHECK(goodput(pass(world, 60)) > 0.99);
}

TEST_CASE("a cold cache in front of a source that cannot fill it stays cold") {
    Topology topology = lone_service(rate_per_s, 0);
    topology.services.push_back({.name = "source",
                                 .replicas_count = 1,
                                 .workers = 16,
                                 .own_time_ms = 50,
                                 .queue_max = 1'000,
                                 .timeout_ms = 300});
    topology.services[0].workers = 300;
    topology.caches = {{.name = "copies", .keys_count = 2'000, .lives_s = 60}};
    topology.links = {{.caller = 0, .target = 1, .attempts_max = 3, .cache = 0},
                      {.caller = none, .target = 0, .attempts_max = 1}};
    topology.traffic[0].link = 1;
    World world(topology, 5);
    CHECK(goodput(pass(world, 300)) > 0.99);
    CHECK(world.invalidate(0, effect_for_test(1)).kind == OutcomeKind::done);
    CHECK(goodput(pass(world, 60)) < 0.5);
    CHECK(world.cache(0).filled_share < 0.5);
}

}  // namespace homeostat::sim
