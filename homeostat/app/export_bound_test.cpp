// For how long decisions may pile up here alone.

#include "homeostat/app/export_bound.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

struct Watched {
    ExportBound bound{ExportLimits{.groups_max = 100, .for_max = 6h}};
    Instant now{Instant{} + 24h};
    std::vector<ExportedTo> sinks{{"pg", 10}};
    std::uint64_t groups_count{10};

    [[nodiscard]] std::string after(Duration span) {
        now += span;
        bound.look(sinks, groups_count, now);
        return bound.objection();
    }
};

}  // namespace

TEST_CASE("where no sink is configured nothing is missed") {
    Watched watched;
    watched.sinks.clear();
    watched.groups_count = 10'000;
    CHECK(watched.after(0s).empty());
    CHECK(watched.after(100h).empty());
}

TEST_CASE("a sink that has all there is is well, however long nothing happens") {
    Watched watched;
    CHECK(watched.after(0s).empty());
    CHECK(watched.after(1000h).empty());
    CHECK(watched.bound.troubles().empty());
}

TEST_CASE("what takes nothing for too many groups, or for too long, stops what is judged") {
    for (const bool is_by_groups : {true, false}) {
        CAPTURE(is_by_groups);
        Watched watched;
        REQUIRE(watched.after(0s).empty());
        watched.sinks[0].trouble = "nobody answers";
        watched.groups_count = is_by_groups ? 110 : 11;
        CHECK(watched.after(is_by_groups ? 1s : 6h).empty());
        CHECK(watched.bound.troubles().at("sink pg") == "nobody answers");
        watched.groups_count += is_by_groups ? 1 : 0;
        const std::string objection = watched.after(1s);
        CHECK(objection ==
              "no sink has taken decisions for more than 100 groups or 360 minutes; bring one "
              "back: pg: nobody answers");
        watched.sinks[0].trouble = "another trouble";
        CHECK(watched.after(1h) == objection);  // People are told once.
    }
}

TEST_CASE("it is over as soon as one takes anything, however much it lacks") {
    Watched watched;
    REQUIRE(watched.after(0s).empty());
    watched.groups_count = 5'000;
    REQUIRE_FALSE(watched.after(1s).empty());
    watched.sinks[0].next_group = 11;
    CHECK(watched.after(1s).empty());
    CHECK(watched.after(1s).empty());  // From here on it is counted anew.
    watched.groups_count = 5'101;
    CHECK_FALSE(watched.after(1s).empty());
    watched.sinks[0].next_group = 5'101;
    CHECK(watched.after(1s).empty());
}

TEST_CASE("of several sinks one that takes what there is is enough") {
    Watched watched;
    watched.sinks.push_back({"nats", 10});
    REQUIRE(watched.after(0s).empty());
    for (int hour = 0; hour < 100; ++hour) {
        watched.groups_count += 50;
        watched.sinks[1].next_group = watched.groups_count;
        CHECK(watched.after(1h).empty());
    }
    watched.groups_count += 101;
    CHECK_FALSE(watched.after(1s).empty());
}

TEST_CASE("what a sink had not taken before a start counts, and what was never asked does not") {
    Watched watched;
    watched.groups_count = 111;
    CHECK_FALSE(watched.after(0s).empty());  // Of 111 groups it has ten.
    Watched unknown;
    unknown.sinks[0].next_group.reset();
    unknown.groups_count = 111;
    CHECK(unknown.after(0s).empty());
    unknown.groups_count = 211;
    CHECK(unknown.after(1s).empty());
    unknown.groups_count = 212;
    CHECK_FALSE(unknown.after(1s).empty());
}

}  // namespace homeostat::app
