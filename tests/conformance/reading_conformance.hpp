#pragma once

// What every real proxy that the suites start (HaproxyWorld, EnvoyWorld) is read as, and that it is
// read as nothing when it is gone.
//
// For tests only. Each promise makes a world of its own.

#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/reading.hpp"
#include "homeostat/domain/step.hpp"

#include <doctest/doctest.h>

namespace homeostat::conformance {

template <class World>
void check_reading_conformance() {
    SUBCASE("the service's reading holds its instances, a neighbour's the sum only") {
        World world;
        CHECK(world.request("/"));
        const auto readings = world.watch_counters();
        REQUIRE(readings);
        REQUIRE(readings->size() == 2);
        const auto& own = std::get<EdgeReading>(readings->front());
        CHECK(own.counters.requests_total == 1);
        REQUIRE(own.servers.size() == 2);
        CHECK(own.servers[0].counters.requests_total + own.servers[1].counters.requests_total == 1);
        CHECK(own.servers[0].rotation == Rotation::in);
        const auto& fraud = std::get<EdgeReading>(readings->back());
        CHECK(fraud.subject == Subject{SubjectKind::neighbour, "fraud"});
        CHECK(fraud.counters.requests_total == 0);
    }
    SUBCASE("without the proxy every step is refused and every reading an error") {
        World world;
        world.kill();
        CHECK(world.perform(Drain{InstanceId("payments-0")}).kind == OutcomeKind::refused);
        const Result<EdgeFacts> facts = world.read();
        REQUIRE_FALSE(facts);
        CHECK(facts.error().fault == Fault::unreachable);
        const auto readings = world.watch_counters();
        REQUIRE_FALSE(readings);
        CHECK(readings.error().fault == Fault::unreachable);
    }
}

}  // namespace homeostat::conformance
