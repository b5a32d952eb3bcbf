#pragma once

// What every budget of a fleet promises to those who ask it.
//
// A Budget is one store that several agents ask. It has `take` (an agent's name, a place, limits,
// for how long) and `give_back`, `pass` (so much time goes by), `cut` and `restore`.
//
// For tests only.

#include "homeostat/base/result.hpp"
#include "homeostat/domain/fleet_word.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>

namespace homeostat::conformance {

using namespace std::chrono_literals;

inline FleetLimits limits_of(std::uint32_t remedies_max, std::uint32_t at_once_max) {
    return {
        .name = "shop", .remedies_max = remedies_max, .window = 10min, .at_once_max = at_once_max};
}

inline bool is_granted(const Result<FleetWord>& word) {
    return word && word->says == FleetSays::granted;
}

inline bool is_full(const Result<FleetWord>& word) {
    return word && word->says == FleetSays::full;
}

template <class Budget>
void only_so_many_are_in_hand() {
    Budget budget;
    const FleetLimits limits = limits_of(10, 2);
    const auto first = budget.take("a", "i-1.e1", limits, 5min);
    REQUIRE(is_granted(first));
    CHECK(first->place.text() == "i-1.e1");
    CHECK(is_granted(budget.take("b", "i-1.e1", limits, 5min)));
    CHECK(is_full(budget.take("c", "i-1.e1", limits, 5min)));
    REQUIRE(budget.give_back("a", *first, true));
    CHECK(is_granted(budget.take("c", "i-1.e1", limits, 5min)));
    CHECK(is_full(budget.take("a", "i-2.e1", limits, 5min)));
}

template <class Budget>
void only_so_many_begin_within_the_window() {
    Budget budget;
    const FleetLimits limits = limits_of(2, 9);
    for (const std::string agent : {"a", "b"}) {
        const auto word = budget.take(agent, "i-1.e1", limits, 1min);
        REQUIRE(is_granted(word));
        REQUIRE(budget.give_back(agent, *word, true));
    }
    CHECK(is_full(budget.take("c", "i-1.e1", limits, 1min)));
    budget.pass(11min);
    CHECK(is_granted(budget.take("c", "i-1.e1", limits, 1min)));
}

template <class Budget>
void what_was_not_used_counts_for_nothing() {
    Budget budget;
    const FleetLimits limits = limits_of(1, 1);
    for (int turn = 0; turn < 3; ++turn) {
        const auto word = budget.take("a", "i-1.e1", limits, 5min);
        REQUIRE(is_granted(word));
        REQUIRE(budget.give_back("a", *word, false));
    }
    CHECK(is_granted(budget.take("b", "i-1.e1", limits, 5min)));
}

template <class Budget>
void a_place_that_is_asked_for_again_is_one_place() {
    Budget budget;
    const FleetLimits limits = limits_of(1, 1);
    std::set<std::uint64_t> tickets;
    for (int turn = 0; turn < 3; ++turn) {
        const auto word = budget.take("a", "i-1.e1", limits, 5min);
        REQUIRE(is_granted(word));
        tickets.insert(word->ticket);
    }
    CHECK(tickets.size() == 3);
    CHECK(is_full(budget.take("b", "i-1.e1", limits, 5min)));
}

template <class Budget>
void only_the_latest_ticket_gives_back() {
    Budget budget;
    const FleetLimits limits = limits_of(9, 1);
    const auto old = budget.take("a", "i-1.e1", limits, 5min);
    REQUIRE(is_granted(old));
    const auto now = budget.take("a", "i-1.e1", limits, 5min);
    REQUIRE(is_granted(now));
    for (const bool was_used : {false, true}) {
        REQUIRE(budget.give_back("a", *old, was_used));
        CHECK(is_full(budget.take("b", "i-1.e1", limits, 5min)));
    }
    REQUIRE(budget.give_back("a", *now, false));
    // And not that of a place which is there no more, once it is granted anew.
    const auto again = budget.take("a", "i-1.e1", limits, 5min);
    REQUIRE(is_granted(again));
    REQUIRE(budget.give_back("a", *now, false));
    CHECK(is_full(budget.take("b", "i-1.e1", limits, 5min)));
}

template <class Budget>
void a_place_ends_by_itself_and_counts_on() {
    Budget budget;
    const FleetLimits limits = limits_of(2, 1);
    REQUIRE(is_granted(budget.take("a", "i-1.e1", limits, 5min)));
    budget.pass(4min);
    CHECK(is_full(budget.take("b", "i-1.e1", limits, 5min)));
    budget.pass(2min);
    CHECK(is_granted(budget.take("b", "i-1.e1", limits, 1min)));
    budget.pass(2min);
    CHECK(is_full(budget.take("c", "i-1.e1", limits, 1min)));  // Two have begun within ten minutes.
}

template <class Budget>
void a_place_that_is_granted_again_counts_from_then() {
    Budget budget;
    const FleetLimits limits = limits_of(1, 9);
    REQUIRE(is_granted(budget.take("a", "i-1.e1", limits, 30min)));
    budget.pass(9min);
    REQUIRE(is_granted(budget.take("a", "i-1.e1", limits, 30min)));
    budget.pass(9min);
    CHECK(is_full(budget.take("b", "i-1.e1", limits, 5min)));
    // One that is older than the window begins anew, and needs the room for it.
    budget.pass(2min);
    REQUIRE(is_granted(budget.take("b", "i-1.e1", limits, 5min)));
    CHECK(is_full(budget.take("a", "i-1.e1", limits, 30min)));
}

template <class Budget>
void limits_of_nothing_grant_nothing() {
    Budget budget;
    CHECK(is_full(budget.take("a", "i-1.e1", limits_of(0, 3), 5min)));
    CHECK(is_full(budget.take("a", "i-1.e1", limits_of(3, 0), 5min)));
    CHECK(is_granted(budget.take("a", "i-1.e1", limits_of(1, 1), 5min)));
}

template <class Budget>
void a_store_that_is_away_grants_nothing_and_forgets_nothing() {
    Budget budget;
    const FleetLimits limits = limits_of(9, 1);
    REQUIRE(is_granted(budget.take("a", "i-1.e1", limits, 5min)));
    budget.cut();
    CHECK_FALSE(budget.take("b", "i-1.e1", limits, 5min));
    CHECK_FALSE(budget.take("a", "i-1.e1", limits, 5min));
    budget.restore();
    CHECK(is_full(budget.take("b", "i-1.e1", limits, 5min)));
    CHECK(is_granted(budget.take("a", "i-1.e1", limits, 5min)));
}

template <class Budget>
void keeps_the_budget_of_a_fleet() {
    SUBCASE("only so many are in hand") {
        only_so_many_are_in_hand<Budget>();
    }
    SUBCASE("only so many begin within the window") {
        only_so_many_begin_within_the_window<Budget>();
    }
    SUBCASE("what was not used counts for nothing") {
        what_was_not_used_counts_for_nothing<Budget>();
    }
    SUBCASE("a place that is asked for again is one place") {
        a_place_that_is_asked_for_again_is_one_place<Budget>();
    }
    SUBCASE("only the latest ticket gives back") {
        only_the_latest_ticket_gives_back<Budget>();
    }
    SUBCASE("a place ends by itself, and counts on") {
        a_place_ends_by_itself_and_counts_on<Budget>();
    }
    SUBCASE("a place that is granted again counts from then") {
        a_place_that_is_granted_again_counts_from_then<Budget>();
    }
    SUBCASE("limits of nothing grant nothing") {
        limits_of_nothing_grant_nothing<Budget>();
    }
    SUBCASE("a store that is away grants nothing, and forgets nothing") {
        a_store_that_is_away_grants_nothing_and_forgets_nothing<Budget>();
    }
}

}  // namespace homeostat::conformance
