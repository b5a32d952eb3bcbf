#include "homeostat/sim/world/scenes_for_test.hpp"
#include "homeostat/sim/world/world.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

namespace homeostat::sim {

namespace {

constexpr ServiceIndex payments = 0;
constexpr ServiceIndex fraud = 1;
constexpr ServiceIndex rates = 2;
constexpr CacheIndex quotes = 0;

[[nodiscard]] World gateway() {
    World world(payment_gateway(), 1);
    world.run(100);
    return world;
}

/// The effects that carry the id.
[[nodiscard]] std::vector<Effect> effects_of(const World& world, const EffectId& id) {
    std::vector<Effect> found;
    for (const Effect& effect : world.effects()) {
        if (effect.id == id) {
            found.push_back(effect);
        }
    }
    return found;
}

}  // namespace

TEST_CASE("a replace ends the expected process and starts one that carries the effect") {
    World world = gateway();
    const ProcessIdentity before = world.replica(0).identity;
    CHECK(world.replace(0, before, {}, effect_for_test(1)).kind == OutcomeKind::done);
    const ReplicaView after = world.replica(0);
    CHECK(after.is_alive);
    CHECK_FALSE(after.is_answering);
    CHECK(after.identity != before);
    CHECK(after.effect == effect_for_test(1));
    CHECK(after.starts_count == 2);
    world.run(3);
    CHECK(world.replica(0).is_answering);
    CHECK(effects_of(world, effect_for_test(1)) ==
          std::vector<Effect>{{effect_for_test(1), EffectKind::process_ended, 0, 100},
                              {effect_for_test(1), EffectKind::process_started, 0, 100}});
}

TEST_CASE("a replace of a process that is not the expected one changes nothing") {
    World world = gateway();
    const ProcessIdentity before = world.replica(0).identity;
    CHECK(world.replace(0, before, {}, effect_for_test(1)).kind == OutcomeKind::done);
    CHECK(world.replace(0, before, {}, effect_for_test(1)).kind == OutcomeKind::refused);
    CHECK(world.replace(1, {}, {}, effect_for_test(2)).kind == OutcomeKind::refused);
    CHECK(world.replace(1, world.replica(1).identity, {VersionId("v7"), {}}, effect_for_test(2))
              .kind == OutcomeKind::refused);
    CHECK(world.replica(0).starts_count == 2);
    CHECK(effects_of(world, effect_for_test(2)).empty());
}

TEST_CASE("what is so already is done again and no further effect") {
    World world = gateway();
    for (int repeat = 0; repeat < 2; ++repeat) {
        // A drain that is there already is whoever's did it.
        CHECK((world.drain(0, effect_for_test(1)).kind == OutcomeKind::done) == (repeat == 0));
        CHECK(world.set_circuit(fraud, true, effect_for_test(2)).kind == OutcomeKind::done);
        CHECK(world.invalidate(quotes, effect_for_test(3)).kind == OutcomeKind::done);
        CHECK(world.set_route(quotes, true, effect_for_test(4)).kind == OutcomeKind::done);
        CHECK(world.shed(payments, 0.1, effect_for_test(5)).kind == OutcomeKind::done);
    }
    for (int number = 1; number <= 5; ++number) {
        CAPTURE(number);
        CHECK(effects_of(world, effect_for_test(number)).size() == 1);
    }
    CHECK(world.undrain(0, effect_for_test(7)).kind == OutcomeKind::done);
    CHECK(world.undrain(0, effect_for_test(7)).kind == OutcomeKind::done);
    CHECK(effects_of(world, effect_for_test(7)).size() == 1);
    CHECK(world.set_circuit(rates, true, effect_for_test(8)).kind == OutcomeKind::refused);
    CHECK(effects_of(world, effect_for_test(8)).empty());
}

TEST_CASE("a drained replica gets nothing and its siblings get its share") {
    World world = gateway();
    world.drain(0, effect_for_test(1));
    world.run(1);
    CHECK(world.replica(0).offered == 0);
    CHECK(world.replica(0).rotation == Rotation::draining);
    CHECK(world.replica(1).offered == doctest::Approx(world.service(payments).offered / 2));
    world.undrain(0, effect_for_test(2));
    world.run(1);
    CHECK(world.replica(0).offered == doctest::Approx(world.service(payments).offered / 3));
}

TEST_CASE("a spare that is started serves, and one that is stopped is a spare again") {
    World world = gateway();
    CHECK_FALSE(world.replica(3).is_wanted);
    CHECK(world.replica(3).rotation == Rotation::down);
    CHECK(world.restart(3, effect_for_test(1)).kind == OutcomeKind::done);
    world.run(20);
    CHECK(world.replica(3).rotation == Rotation::in);
    CHECK(world.replica(3).served > 0);
    const ProcessIdentity running = world.replica(3).identity;
    CHECK(world.stop(3, {}, effect_for_test(2)).kind == OutcomeKind::refused);
    CHECK(world.stop(3, running, effect_for_test(2)).kind == OutcomeKind::done);
    CHECK_FALSE(world.replica(3).is_wanted);
    world.run(20);
    CHECK(world.replica(3).rotation == Rotation::down);
    CHECK(world.service(payments).in_rotation_count == 3);
}

TEST_CASE("an open circuit spares its neighbour every call and closes by itself") {
    World world = gateway();
    CHECK(world.service(fraud).offered > 0);
    world.set_circuit(fraud, true, effect_for_test(1));
    world.run(1);
    CHECK(world.service(fraud).offered == 0);
    const Tally degraded = pass(world, 10);
    CHECK(degraded.degraded / degraded.requests == doctest::Approx(0.3).epsilon(0.05));
    CHECK(degraded.failed / degraded.requests < 0.01);
    world.run(ticks_of(150));
    CHECK_FALSE(world.link(0).is_circuit_open);
    CHECK(world.service(fraud).offered > 0);
    CHECK(world.effects().back().kind == EffectKind::circuit_closed);
    CHECK(world.effects().back().id.empty());
}

TEST_CASE("an invalidated cache sends its readers to the source until it is filled again") {
    World world(payment_gateway(), 1);
    world.run(100);
    const double before = world.service(rates).offered;
    world.invalidate(quotes, effect_for_test(1));
    CHECK(world.cache(quotes).generation == 1);
    world.run(1);
    CHECK(world.service(rates).offered > before + 10);
    world.run(50);
    CHECK(world.service(rates).offered < 3);
    CHECK(world.cache(quotes).filled_share > 0.99);
}

TEST_CASE("a rerouted cache misleads nobody while its writer is wrong") {
    World world = gateway();
    world.add({.kind = FaultKind::stale_writer, .replica = quotes, .begins_at = 100});
    const Tally wrong = pass(world, 20);
    CHECK(wrong.misled / wrong.requests > 0.8);
    CHECK(world.cache(quotes).stale_share > 0.99);
    world.set_route(quotes, true, effect_for_test(1));
    world.run(2);
    const Tally right = pass(world, 20);
    CHECK(right.misled / right.requests < 0.01);
    CHECK(right.failed / right.requests < 0.01);
    world.set_route(quotes, false, effect_for_test(2));
    world.run(2);
    CHECK(pass(world, 5).misled > 100);
}

TEST_CASE("a rollout of a version goes through the replicas, and a rollback ends it") {
    World world = gateway();
    world.add(
        {.kind = FaultKind::bad_deploy, .service = payments, .strength = 0.3, .begins_at = 100});
    world.run(30);
    CHECK(world.service(payments).is_rolling_out);
    CHECK(world.service(payments).current.deploy == VersionId("v2"));
    const Outcome outcome = world.swap_version(payments, Artifact::deploy, VersionId("v2"),
                                               VersionId("v1"), effect_for_test(1));
    CHECK(outcome.kind == OutcomeKind::done);
    CHECK(world
              .swap_version(payments, Artifact::deploy, VersionId("v2"), VersionId("v3"),
                            effect_for_test(2))
              .kind == OutcomeKind::refused);
    world.run(200);
    CHECK_FALSE(world.service(payments).is_rolling_out);
    std::size_t new_ones = 0;
    for (ReplicaIndex replica = 0; replica < 3; ++replica) {
        new_ones += world.replica(replica).versions.deploy == VersionId("v2") ? 1 : 0;
    }
    CHECK(new_ones >= 1);
    CHECK(new_ones < 3);
    REQUIRE(world.version_changes().size() == 2);
    CHECK(world.version_changes()[1].effect == effect_for_test(1));
}

TEST_CASE("nothing in a lost zone can be reached, nor replaced, until the zone is back") {
    World world(lone_service(600, 0), 1);
    world.add({.kind = FaultKind::zone_loss, .replica = 0, .begins_at = 10, .ends_at = 100});
    world.run(30);
    CHECK_FALSE(world.replica(0).is_reachable);
    CHECK(world.replica(0).rotation == Rotation::down);
    CHECK(world.restart(0, effect_for_test(1)).kind == OutcomeKind::refused);
    world.run(100);
    CHECK(world.replica(0).rotation == Rotation::in);
    CHECK(world.replica(0).starts_count == 1);
}

TEST_CASE("a process that leaks is ended by the kernel, or hangs, and a new one begins anew") {
    for (const bool is_stalled : {false, true}) {
        CAPTURE(is_stalled);
        Topology topology = lone_service(600, 0);
        topology.services[0].is_stalled_by_memory = is_stalled;
        World world(topology, 1);
        world.add({.kind = FaultKind::leak,
                   .replica = 0,
                   .strength = 100,
                   .begins_at = 10,
                   .ends_at = 70});
        world.run(60);
        CHECK(world.replica(0).is_alive == is_stalled);
        CHECK_FALSE(world.replica(0).is_answering);
        CHECK(world.replica(0).exit_status.has_value() != is_stalled);
        world.run(20);
        CHECK(world.restart(0, effect_for_test(1)).kind == OutcomeKind::done);
        world.run(20);
        CHECK(world.replica(0).is_answering);
        CHECK(world.replica(0).memory_mb == 80);
    }
}

TEST_CASE("the edge's totals never fall, and count what users met") {
    World world = gateway();
    EdgeCounters before = world.service(payments).counters;
    world.add({.kind = FaultKind::crash, .service = payments, .replica = 1, .begins_at = 110});
    for (int tick = 0; tick < 100; ++tick) {
        world.run(1);
        const EdgeCounters now = world.service(payments).counters;
        CHECK(now.requests_total >= before.requests_total);
        CHECK(now.errors_total >= before.errors_total);
        CHECK(now.retries_total >= before.retries_total);
        before = now;
    }
    CHECK(before.retries_total > 10);
    CHECK(before.requests_total == doctest::Approx(world.tally().requests).epsilon(0.01));
    CHECK(world.replica(1).exit_status == 11);
}

}  // namespace homeostat::sim
