#include "homeostat/sim/world/fault.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/world/scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>

namespace homeostat::sim {

namespace {

[[nodiscard]] FaultKind kind_at(std::size_t index) {
    return static_cast<FaultKind>(index);
}

/// How many places of the kind's sort there are.
[[nodiscard]] std::size_t places_count(const InjectedFault& fault, const Topology& topology) {
    switch (fault.kind) {
        case FaultKind::stale_copies:
        case FaultKind::stale_writer:
        case FaultKind::cache_loss:
        case FaultKind::cold_cache:
            return topology.caches.size();
        case FaultKind::zone_loss:
            return topology.zones_count;
        case FaultKind::node_loss:
        case FaultKind::clock_skew:
            return topology.hosts_count();
        case FaultKind::retry_storm:
        case FaultKind::bad_credentials:
        case FaultKind::slow_query:
            return topology.links.size();
        default:
            return topology.services[fault.service].replicas_count;
    }
}

}  // namespace

TEST_CASE("a drawn fault is in a place that there is, and comes and goes when it says") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Rng rng(seed);
        const Topology topology = draw_topology(rng);
        for (std::size_t kind = 0; kind < fault_kinds_count; ++kind) {
            const InjectedFault fault = draw_fault_of(rng, topology, kind_at(kind));
            CAPTURE(seed);
            CAPTURE(describe(fault, topology));
            REQUIRE(fault.service < topology.services.size());
            CHECK(
                (fault.replica == every_replica || fault.replica < places_count(fault, topology)));
            CHECK(fault.ends_at > fault.begins_at);
            if (fault.kind != FaultKind::nothing) {
                CHECK(fault.begins_at >= 200);
                CHECK(fault.begins_at < 400);
                CHECK(fault.strength <= 1.4 * usual_strength(fault.kind));
            }
        }
    }
}

TEST_CASE("the kinds up to packet_loss are drawn, and about a third of those that may end do") {
    Rng rng(3);
    const Topology topology = payment_gateway();
    std::set<FaultKind> kinds;
    std::size_t surges = 0;
    std::size_t ended = 0;
    for (int number = 0; number < 3'000; ++number) {
        kinds.insert(draw_fault(rng, topology).kind);
        const InjectedFault surge = draw_fault_of(rng, topology, FaultKind::surge);
        surges += 1;
        ended += surge.ends_at != never ? 1 : 0;
        CHECK(draw_fault_of(rng, topology, FaultKind::crash).ends_at == never);
    }
    // It has no pool of connections, so that one comes to nothing.
    CHECK(kinds.size() == static_cast<std::size_t>(FaultKind::packet_loss));
    CHECK(*kinds.rbegin() == FaultKind::packet_loss);
    CHECK_FALSE(kinds.contains(FaultKind::pool_leak));
    CHECK(static_cast<double>(ended) / static_cast<double>(surges) ==
          doctest::Approx(1.0 / 3).epsilon(0.1));
}

TEST_CASE("a kind is drawn where the topology can have it, and ends only if it may heal") {
    const Topology lone = lone_service(100, 0);
    constexpr std::array not_alone{
        FaultKind::stale_copies,     FaultKind::stale_writer,        FaultKind::cache_loss,
        FaultKind::pool_leak,        FaultKind::retry_storm,         FaultKind::cold_cache,
        FaultKind::lying_dependency, FaultKind::expired_certificate, FaultKind::bad_credentials,
        FaultKind::slow_query,       FaultKind::connection_limit};
    Rng rng(5);
    const Topology estate = draw_estate(rng);
    for (std::size_t index = 0; index < fault_kinds_count; ++index) {
        const FaultKind kind = kind_at(index);
        CAPTURE(to_text(kind));
        CHECK(can_have(lone, kind) == (std::ranges::find(not_alone, kind) == not_alone.end()));
        CHECK(can_have(estate, kind));
        bool has_ended = false;
        for (int number = 0; number < 40; ++number) {
            const bool is_drawn = draw_fault_of(rng, lone, kind).kind == kind;
            CHECK(is_drawn == can_have(lone, kind));
            has_ended = has_ended || draw_fault_of(rng, estate, kind).ends_at != never;
        }
        CHECK(has_ended == may_heal(kind));
    }
}

TEST_CASE("a fault tells people what, where and when") {
    const Topology topology = payment_gateway();
    CHECK(describe({.kind = FaultKind::leak, .replica = 0, .strength = 20, .begins_at = 300},
                   topology) == "leak of 20 in payments-0 from 30.0 s");
    CHECK(describe({.kind = FaultKind::stale_writer, .replica = 0, .begins_at = 5, .ends_at = 15},
                   topology) == "stale_writer of 0 in quotes from 0.5 s to 1.5 s");
    CHECK(describe({.kind = FaultKind::failing_service, .service = 1, .strength = 0.5}, topology) ==
          "failing_service of 0.5 in fraud from 0.0 s");
    CHECK(describe({.kind = FaultKind::zone_loss, .replica = 2}, topology) ==
          "zone_loss of 0 in zone 2 from 0.0 s");
    CHECK(describe({.kind = FaultKind::clock_skew, .replica = 4, .strength = 30}, topology) ==
          "clock_skew of 30 in host 4 from 0.0 s");
    CHECK(describe({.kind = FaultKind::bad_credentials, .replica = 1}, topology) ==
          "bad_credentials of 0 in payments -> rates from 0.0 s");
    CHECK(describe({}, topology) == "nothing");
}

}  // namespace homeostat::sim
