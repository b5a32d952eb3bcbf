#pragma once

// What every edge promises of a circuit, whether it is a real proxy or a simulated one.
//
// A suite makes a world with one neighbour that declares a circuit; each promise gets a world of
// its own. What is checked is who answers calls to the neighbour, and what the edge reads back.
//
// For tests only.

#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/step.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace homeostat::conformance {

enum class Answered : std::uint8_t { by_neighbour, by_fallback, by_nobody };

class CircuitWorld {
  public:
    virtual ~CircuitWorld() = default;
    [[nodiscard]] virtual ServiceId neighbour() = 0;
    virtual Outcome perform(Step step) = 0;
    virtual Result<EdgeFacts> read() = 0;
    /// One call to the neighbour, as the service makes it.
    virtual Answered call() = 0;
    /// The neighbour answers the edge's checks from now on, or does not. Returns once the edge
    /// knows.
    virtual void set_well(bool is_well) = 0;
    /// Returns once `holds` does; fails the test if it never does.
    virtual void wait_until(const std::function<bool()>& holds) = 0;
};

/// Makes a world whose circuit, left alone, stays open for so long.
using CircuitWorldMaker =
    std::function<std::unique_ptr<CircuitWorld>(std::chrono::milliseconds circuit_lasts)>;

inline CircuitFacts circuit_in(CircuitWorld& world) {
    const Result<EdgeFacts> facts = world.read();
    REQUIRE(facts);
    REQUIRE(facts->circuits.size() == 1);
    CHECK(facts->circuits.front().neighbour == world.neighbour());
    return facts->circuits.front();
}

inline void check_circuit_conformance(const CircuitWorldMaker& make) {
    const std::unique_ptr<CircuitWorld> world = make(std::chrono::minutes{1});
    const SetCircuit open{world->neighbour(), true};
    const SetCircuit close{world->neighbour(), false};

    SUBCASE("at the start the circuit is closed, and calls reach the neighbour") {
        CHECK_FALSE(circuit_in(*world).is_open);
        CHECK(world->call() == Answered::by_neighbour);
    }
    SUBCASE("an open circuit is seen, and the fallback answers") {
        CHECK(world->perform(open).kind == OutcomeKind::done);
        CHECK(circuit_in(*world).is_open);
        CHECK(world->call() == Answered::by_fallback);
    }
    SUBCASE("a closed circuit is seen, and calls reach the neighbour again") {
        REQUIRE(world->perform(open).kind == OutcomeKind::done);
        CHECK(world->perform(close).kind == OutcomeKind::done);
        CHECK_FALSE(circuit_in(*world).is_open);
        CHECK(world->call() == Answered::by_neighbour);
    }
    SUBCASE("a step whose goal is reached already is done, as often as it is repeated") {
        CHECK(world->perform(close).kind == OutcomeKind::done);
        for (int round = 0; round < 3; ++round) {
            CHECK(world->perform(open).kind == OutcomeKind::done);
        }
        CHECK(circuit_in(*world).is_open);
    }
    SUBCASE("the fallback answers although the neighbour does not") {
        world->set_well(false);
        CHECK(world->call() == Answered::by_nobody);
        REQUIRE(world->perform(open).kind == OutcomeKind::done);
        CHECK(world->call() == Answered::by_fallback);
    }
    SUBCASE("while the circuit is open the edge still sees whether the neighbour answers") {
        REQUIRE(world->perform(open).kind == OutcomeKind::done);
        world->set_well(false);
        CHECK_FALSE(circuit_in(*world).is_answering());
        world->set_well(true);
        CHECK(circuit_in(*world).is_answering());
        CHECK(world->call() == Answered::by_fallback);
    }
    SUBCASE("a neighbour without a circuit is refused, and changes nothing") {
        for (const char* name : {"strangers", "", "fraud;quit", "payments"}) {
            CHECK(world->perform(SetCircuit{ServiceId(name), true}).kind == OutcomeKind::refused);
        }
        CHECK(world->call() == Answered::by_neighbour);
    }
    SUBCASE("a circuit that nobody closes closes by itself, however much it is used and read") {
        const std::unique_ptr<CircuitWorld> brief = make(std::chrono::seconds{1});
        REQUIRE(brief->perform(open).kind == OutcomeKind::done);
        brief->wait_until([&] {
            static_cast<void>(circuit_in(*brief));
            return brief->call() == Answered::by_neighbour;
        });
        CHECK_FALSE(circuit_in(*brief).is_open);
        CHECK(brief->perform(close).kind == OutcomeKind::done);
    }
}

}  // namespace homeostat::conformance
