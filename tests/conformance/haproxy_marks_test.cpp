// Marks of sources on a real HAProxy: what every edge promises of them, and what becomes of an
// order when a table is not as it should be.

#include "homeostat/adapters/haproxy/haproxy_marker.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/line_client.hpp"
#include "homeostat/os/child.hpp"

#include "marked_haproxy.hpp"
#include "marks_conformance.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

TEST_CASE("HAProxy keeps what every edge promises of marks" * doctest::skip(!has_haproxy())) {
    check_marks_conformance<MarkedHaproxy>(50);
}

TEST_CASE("a table that would end a mark too early, too late or never is refused, with the mend" *
          doctest::skip(!has_haproxy())) {
    struct Case {
        std::string expire;
        std::string says;
    };
    for (const Case& one :
         {Case{"1m", "raise the `expire` of stick table 'block_addresses' above 120000 ms"},
          Case{"11m", "give stick table 'block_addresses' an `expire` of at most 600000 ms"},
          Case{"", "give stick table 'block_addresses' an `expire` of at most 600000 ms"}}) {
        CAPTURE(one.expire);
        MarkedHaproxy world(one.expire);
        const Outcome outcome = world.mark(Mark::denied, "192.0.2.7");
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK(outcome.because.contains(one.says));
        CHECK(world.visit("192.0.2.7") == visit_ok);
    }
}

TEST_CASE("an order for both tables is refused by the one that would keep its mark too long" *
          doctest::skip(!has_haproxy())) {
    for (const bool is_last_wrong : {false, true}) {
        CAPTURE(is_last_wrong);
        MarkedHaproxy world(is_last_wrong ? "3m" : "11m", is_last_wrong ? "11m" : "3m");
        const std::vector sources{network_for_test("203.0.113.0/24"), network_for_test("192.0.2.7"),
                                  network_for_test("2001:db8:5:6::/64")};
        const Outcome outcome = world.mark(Mark::denied, sources);
        // Where the right table came first, its marks stand, and end there.
        CHECK(outcome.kind == (is_last_wrong ? OutcomeKind::unknown : OutcomeKind::refused));
        CHECK(outcome.because.contains(is_last_wrong ? "'block_networks'" : "'block_addresses'"));
        CHECK(world.visit("192.0.2.7") == (is_last_wrong ? visit_forbidden : visit_ok));
        CHECK(world.visit("203.0.113.9") == visit_ok);
        CHECK(world.visit("2001:db8:5:6::1") == visit_ok);
    }
}

TEST_CASE("tables that HAProxy does not have are refused, and told by name" *
          doctest::skip(!has_haproxy())) {
    MarkedHaproxy world;
    for (const std::string table : {"strangers", "edge", "no_gpt0", "block_counts"}) {
        CAPTURE(table);
        haproxy::MarkerOptions options = world.options();
        options.tables.addresses = table;
        const Outcome outcome =
            world.mark(Mark::denied, {network_for_test("192.0.2.7")}, 2min, options);
        CHECK(outcome.kind != OutcomeKind::done);
        haproxy::HaproxyMarker marker(world.context.get_executor(), [&] {
            haproxy::MarkerOptions wrong = world.options();
            wrong.tables.counts = table == "block_counts" ? "block_addresses" : table;
            return wrong;
        }());
        const Result<MarkCounts> counts =
            net::run_for_test(world.context, marker.count(net::now_for_test() + 2s));
        CHECK((!counts || *counts == MarkCounts{}));
    }
    CHECK(world.visit("192.0.2.7") == visit_ok);
    haproxy::MarkerOptions options = world.options();
    options.tables.counts = "a;quit";
    CHECK_FALSE(haproxy::check(options));
}

TEST_CASE("an edge that is gone is sent nothing, and of one that stands still nobody knows" *
          doctest::skip(!has_haproxy())) {
    MarkedHaproxy world;
    world.signal(SIGSTOP);
    haproxy::HaproxyMarker marker = world.marker();
    const Instant now = net::now_for_test();
    const Outcome outcome = net::run_for_test(
        world.context, marker.mark(mark_request_for_test(
                                       {Mark::denied, {network_for_test("192.0.2.7")}, now + 2min}),
                                   now + 200ms));
    CHECK(outcome.kind == OutcomeKind::unknown);
    const Result<MarkCounts> late =
        net::run_for_test(world.context, marker.count(net::now_for_test() + 100ms));
    REQUIRE_FALSE(late);
    CHECK(late.error().fault == Fault::late);
    world.signal(SIGCONT);
    const Instant later = net::now_for_test();
    const Outcome taken_off = net::run_for_test(
        world.context,
        marker.mark(mark_request_for_test({Mark::none, {network_for_test("192.0.2.7")}, later}),
                    later + 5s));
    CHECK(taken_off.kind == OutcomeKind::done);
    CHECK(world.visit("192.0.2.7") == visit_ok);
    world.kill();
    CHECK(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::refused);
    world.start();
    CHECK(world.visit("192.0.2.7") == visit_ok);
    CHECK(world.count().value().requests == 1);
}
