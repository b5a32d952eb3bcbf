#include "homeostat/sim/world/world.hpp"

#include "homeostat/sim/world/scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::sim {

namespace {

[[nodiscard]] World drawn_world(std::uint64_t seed) {
    Rng rng = Rng(seed).fork("topology");
    World world(draw_topology(rng), seed);
    Rng faults = Rng(seed).fork("faults");
    for (int number = 0; number < 4; ++number) {
        world.add(draw_fault(faults, world.topology()));
    }
    return world;
}

}  // namespace

TEST_CASE("the same seed gives the same bits, and another one others") {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        CAPTURE(seed);
        World first = drawn_world(seed);
        World second = drawn_world(seed);
        World other = drawn_world(seed + 100);
        first.run(10'000);
        second.run(10'000);
        other.run(10'000);
        CHECK(first.digest() == second.digest());
        CHECK(first.digest() != other.digest());
    }
}

TEST_CASE("a copy goes on as the world would have") {
    World world = drawn_world(9);
    world.run(500);
    World copy = world;
    world.run(500);
    CHECK(copy.digest() != world.digest());
    copy.run(500);
    CHECK(copy.digest() == world.digest());
}

TEST_CASE("three seeds have had these bits on every machine and in every build so far") {
    constexpr std::array<std::pair<std::uint64_t, std::uint64_t>, 3> golden{{
        {1, 0x70ED754D3E16E1F2ULL},
        {2, 0xBA9F519481B19F57ULL},
        {3, 0xA57E31B95869401DULL},
    }};
    for (const auto& [seed, digest] : golden) {
        CAPTURE(seed);
        World world = drawn_world(seed);
        world.run(10'000);
        CHECK(world.digest() == digest);
    }
}

TEST_CASE("three seeds of estates with faults of every kind have had these bits likewise") {
    constexpr std::array<std::pair<std::uint64_t, std::uint64_t>, 3> golden{{
        {1, 0x445408F0D1AEE695ULL},
        {2, 0x404E792DA5FA868BULL},
        {3, 0x33399172E5D5C6FFULL},
    }};
    for (const auto& [seed, digest] : golden) {
        CAPTURE(seed);
        Rng rng(seed);
        World world(draw_estate(rng, 20), seed);
        for (std::size_t kind = seed - 1; kind < fault_kinds_count; kind += golden.size()) {
            world.add(draw_fault_of(rng, world.topology(), static_cast<FaultKind>(kind)));
        }
        world.run(2'000);
        CHECK(world.digest() == digest);
    }
}

TEST_CASE("every drawn world passes its check and carries its traffic while nothing is wrong") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Rng rng(seed);
        const Topology topology = draw_topology(rng);
        REQUIRE(check(topology).has_value());
        CHECK(topology.services.size() >= 3);
        World world(topology, seed);
        (void)pass(world, 120);
        const Tally tally = pass(world, 120);
        CHECK(tally.requests > 0);
        CHECK(tally.failed / tally.requests < 0.01);
        CHECK(tally.slow / tally.requests < 0.05);
    }
}

TEST_CASE("every estate passes its check and carries its traffic while nothing is wrong") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Rng rng(seed);
        const Topology topology = draw_estate(rng);
        const Result<void> sound = check(topology);
        CAPTURE((sound ? std::string() : sound.error().text));
        REQUIRE(sound.has_value());
        CHECK(topology.services.size() >= 3);
        CHECK(topology.services.size() <= 40);
        CHECK(topology.hosts_count() <= 18);
        World world(topology, seed);
        (void)pass(world, 60);
        const Tally tally = pass(world, 60);
        CHECK(tally.requests > 0);
        CHECK(tally.failed / tally.requests < 0.01);
        CHECK(tally.slow / tally.requests < 0.05);
        CHECK(tally.misled == 0);
    }
}

TEST_CASE("an estate has what operators know: stores that nobody waits behind, depth and hosts") {
    std::set<ServiceKind> kinds;
    std::set<std::uint32_t> zones;
    std::uint32_t deepest = 0;
    std::size_t bursts = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Rng rng(seed);
        const Topology topology = draw_estate(rng, 20);
        std::vector<std::uint32_t> depths(topology.services.size(), 0);
        for (const LinkSpec& link : topology.links) {
            if (link.caller == none) {
                CHECK(topology.services[link.target].kind == ServiceKind::gateway);
                continue;
            }
            CHECK(topology.services[link.caller].kind != ServiceKind::database);
            CHECK(link.is_awaited == (topology.services[link.caller].kind != ServiceKind::queue));
            depths[link.target] = std::max(depths[link.target], depths[link.caller] + 1);
            deepest = std::max(deepest, depths[link.target]);
        }
        for (const ServiceSpec& service : topology.services) {
            kinds.insert(service.kind);
            CHECK(service.replicas_count <= 8);
        }
        for (ReplicaIndex replica = 0; replica < topology.replicas_count(); ++replica) {
            CHECK(topology.host_of(replica) < topology.hosts_count());
        }
        zones.insert(topology.zones_count);
        bursts += topology.traffic.front().burst_every_s > 0 ? 1 : 0;
    }
    CHECK(kinds.size() == 4);
    CHECK(zones == std::set<std::uint32_t>{1, 2, 3});
    CHECK(deepest == 4);
    CHECK(bursts > 5);
    CHECK(bursts < 40);
}

TEST_CASE("what is offered is served, failed or timed out, and nothing else") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        World world = drawn_world(seed);
        for (int second = 0; second < 120; ++second) {
            world.run(10);
            for (ServiceIndex index = 0; index < world.topology().services.size(); ++index) {
                const ServiceView service = world.service(index);
                CHECK(service.served + service.failed + service.timed_out ==
                      doctest::Approx(service.offered).epsilon(1e-9));
                CHECK(service.served >= 0);
                CHECK(service.failed >= 0);
                CHECK(service.timed_out >= 0);
            }
        }
    }
}

TEST_CASE("no number in a world is ever infinite, none or negative, whatever breaks") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        World world = drawn_world(seed);
        double before = 0;
        for (int second = 0; second < 120; ++second) {
            world.run(10);
            const Tally& tally = world.tally();
            CHECK(tally.cost() >= before);
            CHECK(tally.cost() < 1e12);
            before = tally.cost();
            for (CacheIndex index = 0; index < world.topology().caches.size(); ++index) {
                const CacheView cache = world.cache(index);
                CHECK(cache.filled_share >= 0);
                CHECK(cache.filled_share <= 1);
                CHECK(cache.stale_share <= cache.filled_share);
            }
        }
    }
}

TEST_CASE("another seed is another future, the same one for each copy") {
    World first(payment_gateway(), 1);
    first.run(100);
    World second = first;
    World other = first;
    first.reseed(7);
    second.reseed(7);
    other.reseed(8);
    for (World* world : {&first, &second, &other}) {
        world->run(100);
    }
    CHECK(first.digest() == second.digest());
    CHECK(first.tally().requests != other.tally().requests);
}

TEST_CASE("a queue's answers take longer the nearer it is to what it can carry") {
    double before_ms = 0;
    for (const double rate : {200.0, 1'000.0, 1'600.0, 1'850.0}) {
        CAPTURE(rate);
        World world(lone_service(rate, 0), 1);
        world.run(300);
        const ServiceView service = world.service(0);
        CHECK(service.latency_mean_ms > before_ms);
        CHECK(world.latency_ms(0, 0.5) < world.latency_ms(0, 0.99));
        before_ms = service.latency_mean_ms;
    }
    CHECK(before_ms < 100);
}

TEST_CASE("half of the answers lie below p50 and 99 of 100 below p99") {
    World world(lone_service(600, 0), 1);
    world.run(100);
    const double half_ms = world.replica_latency_ms(0, 0.5);
    const double most_ms = world.replica_latency_ms(0, 0.99);
    CHECK(world.latency_ms(0, 0.5) == doctest::Approx(half_ms).epsilon(0.01));
    CHECK(world.latency_ms(0, 0.99) == doctest::Approx(most_ms).epsilon(0.01));
    CHECK(half_ms > 12.5);
    CHECK(most_ms < 120);
}

TEST_CASE("the names of a topology lead to its parts and back") {
    const Topology topology = payment_gateway();
    REQUIRE(check(topology).has_value());
    CHECK(topology.replicas_count() == 8);
    for (ReplicaIndex replica = 0; replica < topology.replicas_count(); ++replica) {
        CHECK(topology.find_replica(topology.instance_of(replica)) == replica);
    }
    CHECK(topology.instance_of(5).text() == "fraud-0");
    CHECK(topology.find_replica(InstanceId("fraud-2")) == none);
    CHECK(topology.find_replica(InstanceId("fraud-0x")) == none);
    CHECK(topology.find_replica(InstanceId("nobody-0")) == none);
    CHECK(topology.find_cache("quotes") == 0);
}

TEST_CASE("a topology that no world can have is refused with its place") {
    Topology circle = payment_gateway();
    circle.links[0].target = 0;
    REQUIRE_FALSE(check(circle).has_value());
    Topology nobody = payment_gateway();
    nobody.services[1].workers = 0;
    REQUIRE_FALSE(check(nobody).has_value());
    CHECK(check(nobody).error().text.find("fraud") != std::string::npos);
    Topology unordered = payment_gateway();
    std::swap(unordered.links[0], unordered.links[2]);
    CHECK_FALSE(check(unordered).has_value());
}

}  // namespace homeostat::sim
