// What each fault does to users, and what of it can be seen: of a replica, a link, a service, a
// cache or a host. An operator has nothing else to go by.

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/world/scenes_for_test.hpp"
#include "homeostat/sim/world/world.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace homeostat::sim {

namespace {

constexpr ServiceIndex front = 0;
constexpr ServiceIndex store = 2;
constexpr ReplicaIndex first_order = 8;
constexpr LinkIndex to_orders = 0;
constexpr LinkIndex to_store = 2;
constexpr CacheIndex copies = 0;
constexpr double fault_at_s = 10;

/// `front` ×4 calls `orders` ×3, and both read from `store` ×2, the first through a cache.
[[nodiscard]] Topology chain() {
    Topology topology;
    topology.services = {
        {.name = "front", .kind = ServiceKind::gateway, .replicas_count = 4, .spares_count = 4},
        {.name = "orders", .replicas_count = 3, .spares_count = 2},
        {.name = "store", .kind = ServiceKind::database, .replicas_count = 2, .own_time_ms = 4}};
    for (ServiceSpec& service : topology.services) {
        service.warm_up_s = 0;
    }
    topology.caches = {{.name = "copies", .keys_count = 20'000, .lives_s = 6'000}};
    topology.links = {{.caller = front, .target = 1, .connections_max = 16},
                      {.caller = front, .target = store, .calls_per_request = 3, .cache = copies},
                      {.caller = 1, .target = store, .connections_max = 16},
                      {.caller = none, .target = front, .attempts_max = 1}};
    topology.traffic = {{.link = 3, .rate_per_s = 400}};
    topology.hosts_per_zone = 2;
    return topology;
}

/// The chain, `for_s` seconds into the fault.
[[nodiscard]] World broken(const InjectedFault& fault, double for_s) {
    World world(chain(), 4);
    InjectedFault added = fault;
    added.strength = fault.strength > 0 ? fault.strength : usual_strength(fault.kind);
    added.begins_at = ticks_of(fault_at_s);
    world.add(added);
    world.run(ticks_of(fault_at_s + for_s));
    return world;
}

[[nodiscard]] double lost_share(const Tally& tally) {
    return tally.cost() / tally.requests;
}

[[nodiscard]] bool is_share(double value) {
    return value >= 0 && value <= 1 + 1e-9;
}

void check_services(const World& world) {
    for (ServiceIndex index = 0; index < world.topology().services.size(); ++index) {
        const ServiceView view = world.service(index);
        CHECK(view.served + view.failed + view.timed_out ==
              doctest::Approx(view.offered).epsilon(1e-9));
        CHECK(view.served >= 0);
        CHECK(view.denied >= 0);
        CHECK(view.failed >= view.denied);
        CHECK(is_share(view.misled_share));
        CHECK(view.latency_mean_ms > 0);
    }
}

void check_replicas(const World& world) {
    for (ReplicaIndex index = 0; index < world.topology().replicas_count(); ++index) {
        const ServiceSpec& spec = world.topology().services[world.topology().service_of(index)];
        const ReplicaView view = world.replica(index);
        CHECK(view.failed >= -1e-9);
        CHECK(view.refused <= view.failed + 1e-9);
        CHECK(view.busy_workers <= spec.workers);
        CHECK(view.open_descriptors <= spec.descriptors_max);
        CHECK(is_share(view.disk_used_share));
        CHECK(view.cpu_ratio >= 0);
        CHECK(view.memory_mb <= spec.memory_max_mb);
    }
}

void check_links(const World& world) {
    for (LinkIndex index = 0; index < world.topology().links.size(); ++index) {
        const LinkView view = world.link(index);
        CHECK(view.failed >= 0);
        CHECK(view.timed_out >= 0);
        CHECK(view.failed + view.timed_out <= view.attempts * (1 + 1e-9) + 1e-9);
        CHECK(is_share(view.failing_share));
        CHECK(world.link_latency_ms(index, 0.5) <= world.link_latency_ms(index, 0.99));
    }
}

}  // namespace

TEST_CASE("a chain with nothing wrong costs users nothing, and shows nothing") {
    World world = broken({}, 30);
    CHECK(lost_share(pass(world, 30)) < 0.001);
    const ReplicaView replica = world.replica(0);
    CHECK(replica.refused == 0);
    CHECK(replica.open_descriptors > descriptors_base);
    CHECK(replica.open_descriptors < 60);
    CHECK(replica.pool_in_use > 0);
    CHECK(replica.pool_in_use < 8);
    CHECK(world.link(to_orders).failed == 0);
    CHECK(world.link(to_orders).timed_out < 0.01);
    CHECK(world.link_latency_ms(to_orders, 0.5) < world.link_latency_ms(to_orders, 0.99));
    CHECK(world.link_latency_ms(1, 0.5) == 1);  // The cache answers.
    CHECK(world.cache(copies).evicted == doctest::Approx(20'000 / 60'000.0).epsilon(0.05));
    CHECK(world.service(store).denied == 0);
    CHECK(world.service(store).connections_kept == 4 * 16 + 3 * 16);
    double processes = 0;
    for (HostIndex host = 0; host < world.topology().hosts_count(); ++host) {
        const HostView view = world.host(host);
        CHECK(view.is_reachable);
        CHECK(view.clock_offset_s == 0);
        CHECK(view.cpu_ratio < 0.5);
        processes += view.processes_count;
    }
    CHECK(processes == 9);
}

TEST_CASE("a deadlock takes worker after worker while the health endpoint answers") {
    World world = broken({.kind = FaultKind::deadlock, .replica = 0, .strength = 0.04}, 10);
    CHECK(world.replica(0).busy_workers > world.replica(1).busy_workers + 4);
    world.run(ticks_of(30));
    CHECK(world.replica(0).busy_workers == 16);
    CHECK(world.replica(0).served == 0);
    CHECK(world.replica(0).cpu_ratio == 0);
    CHECK(world.replica(0).is_answering);
    CHECK(lost_share(pass(world, 10)) == doctest::Approx(0.25).epsilon(0.05));
    CHECK(world.restart(0, effect_for_test(1)).kind == OutcomeKind::done);
    world.run(ticks_of(3));
    CHECK(world.replica(0).busy_workers < 10);
}

TEST_CASE("descriptors run out with the traffic, then a process refuses all and looks dead") {
    World world = broken({.kind = FaultKind::fd_exhaustion, .replica = 0, .strength = 1}, 5);
    CHECK(world.replica(0).open_descriptors > 400);
    CHECK(world.replica(0).open_descriptors < 700);
    world.run(ticks_of(4.8));
    double refused = 0;
    for (int tick = 0; tick < 20; ++tick) {
        world.tick();
        refused += world.replica(0).refused;
    }
    CHECK(refused > 5);
    CHECK(world.replica(0).is_alive);
    CHECK_FALSE(world.replica(0).is_answering);
    CHECK(world.replica(0).rotation == Rotation::down);
    CHECK(world.restart(0, effect_for_test(1)).kind == OutcomeKind::done);
    CHECK(world.replica(0).open_descriptors < 60);
    CHECK(world.replica(1).open_descriptors < 60);
}

TEST_CASE("a retry storm outlives nothing but its configuration") {
    const InjectedFault storm{
        .kind = FaultKind::retry_storm, .service = 1, .replica = to_store, .strength = 10};
    Topology topology = chain();
    topology.services[store].workers = 2;  // Half of them are busy.
    World world(topology, 4);
    InjectedFault added = storm;
    added.begins_at = ticks_of(fault_at_s);
    world.add(added);
    world.run(ticks_of(60));
    CHECK(world.service(1).current.config == VersionId("c2"));
    CHECK(world.link(to_store).attempts > 2 * world.link(to_store).calls);
    CHECK(lost_share(pass(world, 20)) > 0.2);
    World mended = world;
    mended.mend(0);  // The little trouble goes, the storm stays.
    mended.run(ticks_of(20));
    CHECK(lost_share(pass(mended, 20)) > 0.1);
    (void)world.swap_version(1, Artifact::config, VersionId("c2"), VersionId("c1"),
                             effect_for_test(1));
    for (ReplicaIndex replica = first_order; replica < first_order + 3; ++replica) {
        (void)world.restart(replica, effect_for_test(1));
        world.run(ticks_of(8));
    }
    CHECK(lost_share(pass(world, 20)) < 0.05);
}

TEST_CASE("a hot key loads one replica, and the next one when that is out") {
    World world = broken({.kind = FaultKind::hot_key, .replica = 1, .strength = 0.9}, 35);
    CHECK(world.replica(1).offered > 10 * world.replica(0).offered);
    CHECK(world.replica(1).queue_length > world.replica(0).queue_length);
    (void)world.drain(1, effect_for_test(1));
    world.run(10);
    CHECK(world.replica(1).offered == 0);
    CHECK(world.replica(2).offered > 10 * world.replica(0).offered);
    world.mend(0);
    world.run(20);
    CHECK(world.replica(2).offered == doctest::Approx(world.replica(0).offered));
}

TEST_CASE("a cold cache answers at once, hits nothing and fills by itself") {
    World world = broken({.kind = FaultKind::cold_cache, .replica = copies}, 1);
    CHECK(world.cache(copies).is_answering);
    CHECK(world.cache(copies).hit_ratio < 0.2);
    CHECK(world.cache(copies).generation == 0);
    world.run(ticks_of(120));
    CHECK(world.cache(copies).hit_ratio > 0.85);
    CHECK(lost_share(pass(world, 20)) < 0.001);
}

TEST_CASE("a lying dependency misleads users, and nothing fails") {
    World world = broken({.kind = FaultKind::lying_dependency, .service = 1}, 10);
    const Tally tally = pass(world, 10);
    CHECK(tally.misled / tally.requests == doctest::Approx(0.5).epsilon(0.05));
    CHECK(tally.failed / tally.requests < 0.001);
    CHECK(world.service(1).misled_share == doctest::Approx(0.5));
    CHECK(world.link(to_orders).failed == 0);
}

TEST_CASE("what a host carried ends with it, of every service, and cannot be started there") {
    World world = broken({.kind = FaultKind::node_loss, .replica = 0}, 5);
    std::size_t services = 0;
    for (ServiceIndex service = 0; service < 3; ++service) {
        const ReplicaIndex first = world.topology().first_replica(service);
        services += world.service(service).answering_count <
                            world.topology().services[service].replicas_count
                        ? 1
                        : 0;
        for (ReplicaIndex at = first; world.topology().host_of(at) == 0; ++at) {
            CHECK_FALSE(world.replica(at).is_alive);
            const Outcome outcome = world.restart(at, effect_for_test(1));
            CHECK(outcome.kind == OutcomeKind::refused);
            CHECK(outcome.because == "its host is lost");
        }
    }
    CHECK(services >= 2);
    CHECK_FALSE(world.host(0).is_reachable);
    CHECK(world.host(0).processes_count == 0);
    CHECK(world.host(1).is_reachable);
    world.mend(0);
    world.run(1);
    CHECK(world.restart(0, effect_for_test(2)).kind == OutcomeKind::done);
}

TEST_CASE("an expired certificate shuts all callers out, and only an open circuit spares them") {
    World world = broken({.kind = FaultKind::expired_certificate, .service = 1}, 5);
    CHECK(lost_share(pass(world, 5)) > 0.99);
    CHECK(world.service(1).denied == doctest::Approx(world.link(to_orders).attempts));
    CHECK(world.service(1).answering_count == 3);
    CHECK(world.link(to_orders).failed == doctest::Approx(world.link(to_orders).attempts));
    CHECK(world.replica(first_order).refused > 0);
    CHECK(world.replica(first_order).busy_workers < 0.1);
    CHECK(world.restart(first_order, effect_for_test(1)).kind == OutcomeKind::done);
    CHECK(lost_share(pass(world, 5)) > 0.99);
    CHECK(world.set_circuit(1, true, effect_for_test(2)).kind == OutcomeKind::done);
    world.run(2);
    CHECK(lost_share(pass(world, 5)) < 0.35);
}

TEST_CASE("bad credentials fail one caller's calls, and no other's") {
    const InjectedFault fault{
        .kind = FaultKind::bad_credentials, .service = 1, .replica = to_store};
    World world = broken(fault, 20);
    CHECK(world.link(to_store).failed == doctest::Approx(world.link(to_store).attempts));
    CHECK(world.link(1).failed < 0.01);
    CHECK(world.service(store).failed > 0.5 * world.service(store).offered);
    CHECK(world.service(1).current.config == VersionId("c2"));
    CHECK(lost_share(pass(world, 5)) > 0.99);
}

TEST_CASE("a clock that is off makes others refuse what comes from that host alone") {
    World world = broken({.kind = FaultKind::clock_skew, .replica = 0}, 5);
    CHECK(world.host(0).clock_offset_s == 30);
    CHECK(world.topology().host_of(0) == 0);
    CHECK(world.replica(0).failed >= 0.5 * world.replica(0).offered);
    CHECK(world.replica(0).failed < 0.6 * world.replica(0).offered);
    CHECK(world.replica(1).failed < 0.1 * world.replica(1).offered);
}

TEST_CASE("a volume fills, then writes fail there until somebody makes room") {
    World world = broken({.kind = FaultKind::disk_full, .replica = 2}, 6);
    CHECK(world.replica(2).disk_used_share == doctest::Approx(0.7).epsilon(0.02));
    CHECK(world.replica(2).failed == 0);
    world.run(ticks_of(10));
    CHECK(world.replica(2).disk_used_share == 1);
    CHECK(world.replica(2).failed == doctest::Approx(0.6 * world.replica(2).offered));
    (void)world.restart(2, effect_for_test(1));
    world.run(ticks_of(5));
    CHECK(world.replica(2).failed > 0);
    world.mend(0);
    world.run(2);
    CHECK(world.replica(2).disk_used_share == disk_used_at_rest);
    CHECK(world.replica(2).failed == 0);
}

TEST_CASE("a corrupt store fails for some and misleads others, on every replica") {
    World world = broken({.kind = FaultKind::data_corruption, .service = store}, 5);
    const ReplicaView first = world.replica(world.topology().first_replica(store));
    CHECK(first.failed == doctest::Approx(0.2 * first.offered));
    const Tally tally = pass(world, 5);
    CHECK(tally.misled / tally.requests > 0.1);
    CHECK(tally.failed / tally.requests > 0.005);
}

TEST_CASE("a slow query slows the store for all, from the version of one caller on") {
    const InjectedFault fault{
        .kind = FaultKind::slow_query, .service = 1, .replica = to_store, .strength = 30};
    World healthy = broken({}, 25);
    World world = broken(fault, 25);
    CHECK(world.latency_ms(store, 0.99) > 5 * healthy.latency_ms(store, 0.99));
    CHECK(world.link_latency_ms(1, 0.99) > 3 * healthy.link_latency_ms(1, 0.99));
    CHECK(world.service(store).current.deploy == VersionId("v1"));
    CHECK(world.service(1).current.deploy == VersionId("v2"));
}

TEST_CASE("more processes of a caller make too few connections fewer still") {
    const InjectedFault fault{.kind = FaultKind::connection_limit, .service = store};
    World world = broken(fault, 5);
    CHECK(world.service(store).denied / world.service(store).offered == doctest::Approx(0.5));
    const double before = lost_share(pass(world, 5));
    CHECK(before > 0.05);
    for (ReplicaIndex spare = 4; spare < 8; ++spare) {
        (void)world.restart(spare, effect_for_test(1));
    }
    world.run(ticks_of(10));
    CHECK(world.service(store).denied / world.service(store).offered > 0.65);
    CHECK(lost_share(pass(world, 5)) > 1.2 * before);
}

TEST_CASE("callers that are scaled beyond what a store accepts are turned away, with no fault") {
    Topology topology = chain();
    topology.services[store].connections_max = 120;  // 112 are kept.
    World world(topology, 4);
    CHECK(lost_share(pass(world, 10)) < 0.001);
    for (ReplicaIndex spare = 4; spare < 8; ++spare) {
        (void)world.restart(spare, effect_for_test(1));
    }
    world.run(ticks_of(10));
    CHECK(world.service(store).connections_kept == 176);
    CHECK(world.service(store).denied / world.service(store).offered ==
          doctest::Approx(1 - 120.0 / 176));
}

TEST_CASE("a noisy neighbour slows all that share its host") {
    World world = broken({.kind = FaultKind::noisy_neighbour, .replica = 0, .strength = 8}, 5);
    const HostIndex host = world.topology().host_of(0);
    CHECK(world.host(host).cpu_ratio > 0.85);
    for (ReplicaIndex replica = 0; replica < 4; ++replica) {
        const bool is_there = world.topology().host_of(replica) == host;
        CHECK((world.replica_latency_ms(replica, 0.5) > 100) == is_there);
    }
}

TEST_CASE("what is mended before it begins never begins") {
    World world(chain(), 4);
    world.add({.kind = FaultKind::crash, .replica = 0, .begins_at = 50});
    world.add({.kind = FaultKind::crash, .replica = 1, .begins_at = 50});
    world.run(20);
    world.mend(0);
    world.run(60);
    CHECK(world.replica(0).is_alive);
    CHECK_FALSE(world.replica(1).is_alive);
}

TEST_CASE("no view of a broken estate holds a number that cannot be") {
    for (std::size_t kind = 0; kind < fault_kinds_count; ++kind) {
        Rng rng(100 + kind);
        World world(draw_estate(rng, 15), kind);
        const Topology& topology = world.topology();
        const InjectedFault fault = draw_fault_of(rng, topology, static_cast<FaultKind>(kind));
        CAPTURE(describe(fault, topology));
        world.add(fault);
        for (int look = 0; look < 9; ++look) {
            world.run(97);
            check_services(world);
            check_replicas(world);
            check_links(world);
            for (HostIndex host = 0; host < topology.hosts_count(); ++host) {
                CHECK(is_share(world.host(host).cpu_ratio));
            }
        }
        CHECK(world.tally().requests > 0);
        CHECK(world.tally().cost() >= 0);
        CHECK(world.tally().cost() < 10 * world.tally().requests);
    }
}

TEST_CASE("a copy of an estate goes on bit for bit, whatever is broken in it") {
    for (std::size_t kind = 0; kind < fault_kinds_count; ++kind) {
        Rng rng(kind);
        World world(draw_estate(rng, 12), kind);
        InjectedFault fault = draw_fault_of(rng, world.topology(), static_cast<FaultKind>(kind));
        CAPTURE(describe(fault, world.topology()));
        World alone(world.topology(), kind);
        if (fault.kind != FaultKind::nothing) {
            world.add(fault);
        }
        world.run(450);
        World copy = world;
        const std::uint64_t then = world.digest();
        CHECK(copy.digest() == then);
        copy.run(300);
        CHECK(world.digest() == then);
        world.run(300);
        CHECK(world.digest() == copy.digest());
        alone.run(750);
        CHECK((alone.digest() == copy.digest()) == (fault.kind == FaultKind::nothing));
    }
}

}  // namespace homeostat::sim
