#pragma once

// What every edge promises of marks of sources: who is refused, what is counted, and that all of it
// ends.
//
// Each promise gets a world of its own. A World has a real edge, `mark`, `count`, `visit`, `kill`,
// and `ending_soon()`, which makes one in which marks end soon after their time.
//
// For tests only.

#include "homeostat/domain/marking.hpp"
#include "homeostat/domain/outcome.hpp"

#include "visitor.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace homeostat::conformance {

constexpr int visit_ok = 200;
constexpr int visit_forbidden = 403;

/// The address number `index` of many.
inline std::string many_address(std::size_t index) {
    return "1." + std::to_string(index / 65'536) + "." + std::to_string(index / 256 % 256) + "." +
           std::to_string(index % 256);
}

template <class World>
void check_who_is_denied() {
    World world;
    CHECK(world.visit("192.0.2.7") == visit_ok);
    for (const std::string source :
         {"192.0.2.7", "203.0.113.0/24", "2001:db8:1:2:3::4", "2001:db8:5:6::/64"}) {
        CHECK(world.mark(Mark::denied, source).kind == OutcomeKind::done);
    }
    for (const std::string source :
         {"192.0.2.7", "203.0.113.1", "203.0.113.255", "2001:db8:1:2:3::4", "2001:db8:5:6:7::8"}) {
        CAPTURE(source);
        CHECK(world.visit(source) == visit_forbidden);
    }
    for (const std::string source : {"192.0.2.6", "192.0.2.8", "203.0.112.255", "203.0.114.0",
                                     "2001:db8:1:2:3::5", "2001:db8:5:7::8"}) {
        CAPTURE(source);
        CHECK(world.visit(source) == visit_ok);
    }
    CHECK(world.mark(Mark::none, "192.0.2.7").kind == OutcomeKind::done);
    CHECK(world.visit("192.0.2.7") == visit_ok);
    CHECK(world.mark(Mark::none, "192.0.2.7").kind == OutcomeKind::done);
}

template <class World>
void check_the_stronger_mark_holds() {
    World world;
    REQUIRE(world.mark(Mark::denied, "203.0.113.0/24").kind == OutcomeKind::done);
    REQUIRE(world.mark(Mark::on_trial, "203.0.113.7").kind == OutcomeKind::done);
    REQUIRE(world.mark(Mark::watched, "192.0.2.0/24").kind == OutcomeKind::done);
    REQUIRE(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::done);
    CHECK(world.visit("203.0.113.7") == visit_forbidden);
    CHECK(world.visit("192.0.2.7") == visit_forbidden);
    CHECK(world.visit("192.0.2.8") == visit_ok);
    REQUIRE(world.mark(Mark::none, "203.0.113.0/24").kind == OutcomeKind::done);
    REQUIRE(world.mark(Mark::watched, "192.0.2.7").kind == OutcomeKind::done);
    const std::uint64_t before = world.count().value().on_trial;
    CHECK(world.visit("203.0.113.7") == visit_ok);
    CHECK(world.visit("192.0.2.7") == visit_ok);
    CHECK(world.count().value().on_trial == before + 1);
}

template <class World>
void check_counts_by_mark() {
    World world;
    CHECK(world.count() == MarkCounts{});
    REQUIRE(world.mark(Mark::watched, "192.0.2.1").kind == OutcomeKind::done);
    REQUIRE(world.mark(Mark::on_trial, "192.0.2.2").kind == OutcomeKind::done);
    REQUIRE(world.mark(Mark::denied, "192.0.2.3").kind == OutcomeKind::done);
    CHECK(world.visit("192.0.2.1") == visit_ok);
    CHECK(world.visit("192.0.2.2") == visit_ok);
    CHECK(world.visit("192.0.2.2", "/pay/1") == visit_ok);
    CHECK(world.visit("192.0.2.3") == visit_forbidden);
    CHECK(world.visit("192.0.2.3", "/pay/2") == visit_forbidden);
    CHECK(world.visit("192.0.2.4", "/pay/3") == visit_ok);
    CHECK(world.count() == MarkCounts{.requests = 6,
                                      .watched = 1,
                                      .on_trial = 2,
                                      .denied = 2,
                                      .critical = 3,
                                      .critical_on_trial = 1,
                                      .critical_denied = 1});
}

template <class World>
void check_marks_end() {
    using namespace std::chrono_literals;
    World world = World::ending_soon();
    const std::vector sources{network_for_test("192.0.2.7")};
    CHECK(world.mark(Mark::denied, sources, -1ms).kind == OutcomeKind::refused);
    const Instant ends_at = net::now_for_test() + 900ms;
    REQUIRE(world.mark(Mark::denied, sources, 900ms).kind == OutcomeKind::done);
    bool is_early = false;
    net::run_until_for_test(world.context, [&] {
        const bool has_ended = world.visit("192.0.2.7") == visit_ok;
        is_early = has_ended && net::now_for_test() < ends_at;
        return has_ended;
    });
    CHECK_FALSE(is_early);
    REQUIRE(world.mark(Mark::denied, sources, 900ms).kind == OutcomeKind::done);
    const Instant renewed_until = net::now_for_test() + 2s;
    while (net::now_for_test() < renewed_until) {
        REQUIRE(world.mark(Mark::denied, sources, 900ms).kind == OutcomeKind::done);
        CHECK(world.visit("192.0.2.7") == visit_forbidden);
    }
}

template <class World>
void check_an_edge_that_is_gone() {
    World world;
    world.kill();
    CHECK(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::refused);
    CHECK_FALSE(world.count());
    world.start();
    CHECK(world.visit("192.0.2.7") == visit_ok);
    CHECK(world.count().value().requests == 1);
}

/// In orders of a thousand.
template <class World>
void check_many_sources(std::size_t orders) {
    World world;
    for (std::size_t order = 0; order < orders; ++order) {
        std::vector<Network> sources;
        for (std::size_t index = order * 1'000; index < (order + 1) * 1'000; ++index) {
            sources.push_back(network_for_test(many_address(index)));
        }
        REQUIRE(world.mark(Mark::denied, std::move(sources)).kind == OutcomeKind::done);
        CHECK(world.visit("192.0.2.7") == visit_ok);
    }
    for (std::size_t index = 0; index < orders * 1'000; index += 997) {
        CHECK(world.visit(many_address(index)) == visit_forbidden);
    }
    CHECK(world.visit(many_address(orders * 1'000)) == visit_ok);
}

template <class World>
void check_marks_conformance(std::size_t orders_of_many) {
    SUBCASE("a denied source is refused, and its neighbours are not") {
        check_who_is_denied<World>();
    }
    SUBCASE("of the marks of an address and of its network the stronger one holds") {
        check_the_stronger_mark_holds<World>();
    }
    SUBCASE("under each mark requests are counted, and only under one of them refused") {
        check_counts_by_mark<World>();
    }
    SUBCASE("a mark that nobody renews ends by itself, however often it is met; others last") {
        check_marks_end<World>();
    }
    SUBCASE("an edge that is gone is told nothing") {
        check_an_edge_that_is_gone<World>();
    }
    SUBCASE("of many thousands each is marked, and others go on being served") {
        check_many_sources<World>(orders_of_many);
    }
}

}  // namespace homeostat::conformance
