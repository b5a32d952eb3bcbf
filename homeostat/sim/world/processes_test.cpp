#include "homeostat/sim/world/scenes_for_test.hpp"
#include "homeostat/sim/world/world.hpp"

#include <doctest/doctest.h>

namespace homeostat::sim {

TEST_CASE("a supervisor starts what ended, after its time; nobody does where there is none") {
    for (const bool has_supervisor : {true, false}) {
        CAPTURE(has_supervisor);
        Topology topology = lone_service(600, 0);
        topology.services[0].restarts_itself_after_s = has_supervisor ? 5 : 0;
        World world(topology, 1);
        world.add({.kind = FaultKind::crash, .replica = 1, .begins_at = 10});
        world.run(40);
        CHECK_FALSE(world.replica(1).is_alive);
        world.run(40);
        CHECK(world.replica(1).is_alive == has_supervisor);
        CHECK(world.replica(1).effect.empty());
    }
}

TEST_CASE("a process in a crash loop ends again and again, until the fault does") {
    Topology topology = lone_service(600, 0);
    topology.services[0].restarts_itself_after_s = 1;
    World world(topology, 1);
    world.add({.kind = FaultKind::crash_loop,
               .replica = 0,
               .strength = 3,
               .begins_at = 10,
               .ends_at = 210});
    world.run(210);
    const std::uint32_t starts = world.replica(0).starts_count;
    CHECK(starts >= 5);
    CHECK(starts <= 7);
    world.run(100);
    CHECK(world.replica(0).is_answering);
    CHECK(world.replica(0).starts_count <= starts + 1);
}

TEST_CASE("the edge takes a replica out after two bad looks and in again after one good one") {
    World world(lone_service(600, 0), 1);
    world.add({.kind = FaultKind::hang, .replica = 2, .begins_at = 10});
    world.run(12);
    CHECK(world.replica(2).rotation == Rotation::in);
    const Tally hurt = pass(world, 1);
    CHECK(hurt.cost() > 10);
    CHECK(world.replica(2).rotation == Rotation::down);
    (void)pass(world, 1);
    CHECK(pass(world, 10).cost() < 1);
    CHECK(world.restart(2, effect_for_test(1)).kind == OutcomeKind::done);
    world.run(20);
    CHECK(world.replica(2).rotation == Rotation::in);
}

TEST_CASE("the edge ejects outliers by itself where it is told to, and never more than half") {
    for (const double error_share : {0.0, 0.5}) {
        CAPTURE(error_share);
        Topology topology = lone_service(600, 0);
        topology.services[0].outlier_error_share = error_share;
        World one(topology, 1);
        one.add(
            {.kind = FaultKind::failing_service, .replica = 0, .strength = 0.9, .begins_at = 10});
        one.run(30);
        CHECK(one.service(0).in_rotation_count == (error_share > 0 ? 2 : 3));
        World all(topology, 1);
        all.add({.kind = FaultKind::failing_service, .strength = 0.9, .begins_at = 10});
        all.run(30);
        CHECK(all.service(0).in_rotation_count == (error_share > 0 ? 2 : 3));
    }
}

TEST_CASE("a new process is slower until it is warm") {
    Topology topology = lone_service(600, 0);
    topology.services[0].warm_up_s = 10;
    topology.services[0].cold_factor = 4;
    World world(topology, 1);
    world.run(50);
    const double warm_ms = world.replica_latency_ms(0, 0.5);
    (void)world.restart(0, effect_for_test(1));
    world.run(16);
    CHECK(world.replica_latency_ms(0, 0.5) > 2.5 * warm_ms);
    world.run(100);
    CHECK(world.replica_latency_ms(0, 0.5) == doctest::Approx(warm_ms).epsilon(0.1));
}

TEST_CASE("a mass restart empties the caches in its processes and no other") {
    for (const bool is_local : {true, false}) {
        CAPTURE(is_local);
        Topology topology = payment_gateway();
        topology.caches[0].refreshes_s = 0;
        topology.caches[0].lives_s = 0;
        topology.caches[0].keys_count = 1e9;  // It fills too slowly to matter.
        topology.caches[0].is_local = is_local;
        World world(topology, 1);
        world.add({.kind = FaultKind::mass_restart, .service = 0, .begins_at = 10});
        world.run(12);
        CHECK(world.cache(0).filled_share == doctest::Approx(is_local ? 0 : 1));
        CHECK(world.replica(0).starts_count == 2);
    }
}

TEST_CASE("a flag fails requests at once and stops when a person turns it off") {
    World world(lone_service(600, 0.1), 1);
    world.add({.kind = FaultKind::bad_flag, .strength = 0.5, .begins_at = 10});
    world.run(10);
    CHECK(pass(world, 5).failed > 1'000);
    CHECK(world.service(0).is_flag_on);
    CHECK(world.set_flag(0, false, {}).kind == OutcomeKind::done);
    world.run(10);
    CHECK(pass(world, 5).failed < 1);
}

TEST_CASE("a service that drops what has expired recovers from a surge that others do not") {
    for (const bool drops_expired : {true, false}) {
        CAPTURE(drops_expired);
        Topology topology = lone_service(900, 0);
        topology.services[0].drops_expired = drops_expired;
        World world(topology, 5);
        world.add({.kind = FaultKind::surge, .strength = 3, .begins_at = 100, .ends_at = 200});
        world.run(400);
        const Tally after = pass(world, 60);
        CHECK((after.good() / after.requests > 0.99) == drops_expired);
    }
}

TEST_CASE("users come in bursts, as often and for as long as they are said to") {
    Topology topology = lone_service(600, 0);
    topology.traffic[0].burst_every_s = 60;
    topology.traffic[0].burst_for_s = 10;
    topology.traffic[0].burst_factor = 2;
    World world(topology, 1);
    for (int burst = 0; burst < 2; ++burst) {
        CHECK(pass(world, 10).requests == doctest::Approx(12'000).epsilon(0.05));
        CHECK(pass(world, 50).requests == doctest::Approx(30'000).epsilon(0.05));
    }
}

TEST_CASE("a service can go back to what was current before the world began") {
    Topology topology = lone_service(600, 0);
    topology.services[0].older_versions = {.deploy = 2, .config = 1};
    World world(topology, 1);
    CHECK(world.service(0).current == PerArtifact<VersionId>{VersionId("v3"), VersionId("c2")});
    CHECK(world.replica(0).versions == world.service(0).current);
    CHECK(world.swap_version(0, Artifact::deploy, VersionId("v3"), VersionId("v1"), {}).kind ==
          OutcomeKind::done);
    CHECK(world.restart(0, effect_for_test(1)).kind == OutcomeKind::done);
    CHECK(world.replica(0).versions.deploy == VersionId("v1"));
    world.run(20);
    CHECK(world.replica(0).failed == 0);
}

TEST_CASE("users come as the day goes, and vary as a Poisson count does") {
    Topology topology = lone_service(600, 0);
    topology.traffic[0].swing = 0.5;
    topology.traffic[0].day_begins_at_s = 86'400.0 / 4;
    World noon(topology, 1);
    CHECK(pass(noon, 100).requests == doctest::Approx(90'000).epsilon(0.01));
    topology.traffic[0].day_begins_at_s = 86'400.0 * 3 / 4;
    World midnight(topology, 1);
    CHECK(pass(midnight, 100).requests == doctest::Approx(30'000).epsilon(0.01));

    topology.traffic[0].swing = 0;
    World world(topology, 1);
    double squares = 0;
    constexpr int ticks_count = 5'000;
    for (int tick = 0; tick < ticks_count; ++tick) {
        const double apart = pass(world, 0.1).requests - 60;
        squares += apart * apart;
    }
    CHECK(squares / ticks_count == doctest::Approx(60).epsilon(0.08));
}

}  // namespace homeostat::sim
