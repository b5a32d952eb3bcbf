#pragma once

// What every edge promises of a dimmer, whether it is a real proxy or a simulated one.
//
// Each promise gets a world of its own. What is checked is who answers calls to the neighbour, and
// what the edge reads back.
//
// For tests only.

#include "dimmer_world.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <vector>

namespace homeostat::conformance {

inline void check_dimmer_orders(const DimmerWorldMaker& make) {
    const std::unique_ptr<DimmerWorld> world = make(std::chrono::minutes{1});
    SUBCASE("at the start nothing is held back") {
        check_held(*world, 0);
    }
    SUBCASE("so many calls are held back as were ordered, and a later order replaces it") {
        for (const std::uint32_t permille : {250U, 4U, 1000U, 500U, 0U}) {
            const Dim order = order_of(*world, permille);
            CHECK(dim_kind(*world, order) == OutcomeKind::done);
            check_held(*world, permille);
            CHECK((permille == 0 || dimmer_in(*world).until >= order.until));
        }
    }
    SUBCASE("the same order again makes it last longer, and never shorter") {
        REQUIRE(dim_kind(*world, order_of(*world, 250)) == OutcomeKind::done);
        const Dim longer = order_of(*world, 250, 2 * dim_lasts);
        CHECK(dim_kind(*world, longer) == OutcomeKind::done);
        CHECK(dimmer_in(*world).until >= longer.until);
        CHECK(dim_kind(*world, order_of(*world, 250, dim_lasts / 2)) == OutcomeKind::done);
        CHECK(dimmer_in(*world).until >= world->now() + dim_lasts / 4);
        CHECK(dimmer_in(*world).permille == 250);
    }
    SUBCASE("of orders given at once the last one holds, and each is carried out") {
        std::vector<Dim> orders;
        for (std::uint32_t permille = 100; permille <= 700; permille += 100) {
            orders.push_back(order_of(*world, permille));
        }
        for (const Outcome& outcome : world->dim(orders, dim_within)) {
            CHECK(outcome.kind == OutcomeKind::done);
        }
        CHECK(dimmer_in(*world).permille == 700);
    }
    SUBCASE("nothing is held back without an order, as often as that is ordered") {
        for (int round = 0; round < 3; ++round) {
            CHECK(dim_kind(*world, {world->neighbour(), 0, {}}) == OutcomeKind::done);
        }
        CHECK(dimmer_in(*world).permille == 0);
    }
    SUBCASE("what is no order for a declared dimmer is refused, and changes nothing") {
        for (const char* name : {"strangers", "", "fraud;quit", "payments", "fraud "}) {
            const Instant until = world->now() + dim_lasts;
            CHECK(dim_kind(*world, {ServiceId(name), 1000, until}) == OutcomeKind::refused);
        }
        CHECK(dim_kind(*world, order_of(*world, 1001)) == OutcomeKind::refused);
        CHECK(dim_kind(*world, order_of(*world, 1000, Duration{-1})) == OutcomeKind::refused);
        CHECK(dim_kind(*world, order_of(*world, 1000), Duration{-1}) == OutcomeKind::refused);
        check_held(*world, 0);
    }
    SUBCASE("a call that the neighbour is answering outlives the order to hold back all") {
        world->begin_slow_call();
        CHECK(dim_kind(*world, order_of(*world, 1000)) == OutcomeKind::done);
        CHECK(world->call() == Answered::by_fallback);
        CHECK(world->end_slow_call() == Answered::by_neighbour);
    }
}

inline void check_dimmer_ends(const DimmerWorldMaker& make) {
    const std::unique_ptr<DimmerWorld> world = make(std::chrono::seconds{1});
    const Dim order = order_of(*world, 1000, std::chrono::milliseconds{600});
    REQUIRE(dim_kind(*world, order) == OutcomeKind::done);
    bool is_early = false;
    world->wait_until([&] {
        static_cast<void>(world->read(dim_within));
        const bool has_ended = world->call() == Answered::by_neighbour;
        is_early = has_ended && world->now() < order.until;
        return has_ended;
    });
    CHECK_FALSE(is_early);
    CHECK(dimmer_in(*world).permille == 0);
    CHECK(dim_kind(*world, {world->neighbour(), 0, {}}) == OutcomeKind::done);
}

inline void check_dimmer_away(const DimmerWorldMaker& make) {
    const std::unique_ptr<DimmerWorld> world = make(std::chrono::minutes{1});
    SUBCASE(
        "an edge that is gone is sent nothing and says nothing, and the next one says what is") {
        REQUIRE(dim_kind(*world, order_of(*world, 1000)) == OutcomeKind::done);
        world->kill();
        CHECK(dim_kind(*world, order_of(*world, 0)) == OutcomeKind::refused);
        const Result<std::vector<DimmerFacts>> facts = world->read(dim_within);
        REQUIRE_FALSE(facts);
        CHECK(facts.error().fault == Fault::unreachable);
        world->start();
        const DimmerFacts found = dimmer_in(*world);
        CHECK((found.permille == 0 || found.permille == 1000));
        check_held(*world, found.permille);
        CHECK(dim_kind(*world, order_of(*world, 500)) == OutcomeKind::done);
        CHECK(dimmer_in(*world).permille == 500);
    }
    SUBCASE("an edge that stands still costs the deadline, and what it was told is never done") {
        world->stand_still();
        const Instant began_at = world->now();
        const Duration within = std::chrono::milliseconds{100};
        const OutcomeKind kind = dim_kind(*world, order_of(*world, 1000), within);
        CHECK(kind != OutcomeKind::done);
        const Result<std::vector<DimmerFacts>> facts = world->read(within);
        REQUIRE_FALSE(facts);
        CHECK(facts.error().fault == Fault::late);
        CHECK(world->now() - began_at < std::chrono::seconds{2});
        world->go_on();
        const DimmerFacts found = dimmer_in(*world);
        CHECK((found.permille == 0 || (found.permille == 1000 && kind == OutcomeKind::unknown)));
        check_held(*world, found.permille);
        CHECK(dim_kind(*world, order_of(*world, 500)) == OutcomeKind::done);
        CHECK(dimmer_in(*world).permille == 500);
    }
}

/// From one test case of its own.
inline void check_dimmer_conformance(const DimmerWorldMaker& make) {
    SUBCASE("orders") {
        check_dimmer_orders(make);
    }
    SUBCASE("an order that nobody takes back ends by itself, however much it is used and read") {
        check_dimmer_ends(make);
    }
    SUBCASE("away") {
        check_dimmer_away(make);
    }
}

}  // namespace homeostat::conformance
