// Marks of sources on a real HAProxy: who is refused, what is counted, and that all of it ends.

#include "homeostat/adapters/haproxy/haproxy_marker.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/line_client.hpp"
#include "homeostat/os/child.hpp"

#include "marked_haproxy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

constexpr int ok = 200;
constexpr int forbidden = 403;

/// The address number `index` of many.
Network address(std::size_t index) {
    return network_for_test("1." + std::to_string(index / 65'536) + "." +
                            std::to_string(index / 256 % 256) + "." + std::to_string(index % 256));
}

}  // namespace

TEST_CASE("a denied source is refused, and its neighbours are not" *
          doctest::skip(!has_haproxy())) {
    MarkedHaproxy world;
    CHECK(world.visit("192.0.2.7") == ok);
    for (const std::string source :
         {"192.0.2.7", "203.0.113.0/24", "2001:db8:1:2:3::4", "2001:db8:5:6::/64"}) {
        CHECK(world.mark(Mark::denied, source).kind == OutcomeKind::done);
    }
    for (const std::string source :
         {"192.0.2.7", "203.0.113.1", "203.0.113.255", "2001:db8:1:2:3::4", "2001:db8:5:6:7::8"}) {
        CAPTURE(source);
        CHECK(world.visit(source) == forbidden);
    }
    for (const std::string source : {"192.0.2.6", "192.0.2.8", "203.0.112.255", "203.0.114.0",
                                     "2001:db8:1:2:3::5", "2001:db8:5:7::8"}) {
        CAPTURE(source);
        CHECK(world.visit(source) == ok);
    }
    CHECK(world.mark(Mark::none, "192.0.2.7").kind == OutcomeKind::done);
    CHECK(world.visit("192.0.2.7") == ok);
    CHECK(world.mark(Mark::none, "192.0.2.7").kind == OutcomeKind::done);
}

TEST_CASE("under each mark requests are counted, and only under one of them refused" *
          doctest::skip(!has_haproxy())) {
    MarkedHaproxy world;
    CHECK(world.count() == MarkCounts{});
    REQUIRE(world.mark(Mark::watched, "192.0.2.1").kind == OutcomeKind::done);
    REQUIRE(world.mark(Mark::on_trial, "192.0.2.2").kind == OutcomeKind::done);
    REQUIRE(world.mark(Mark::denied, "192.0.2.3").kind == OutcomeKind::done);
    CHECK(world.visit("192.0.2.1") == ok);
    CHECK(world.visit("192.0.2.2") == ok);
    CHECK(world.visit("192.0.2.2", "/pay/1") == ok);
    CHECK(world.visit("192.0.2.3") == forbidden);
    CHECK(world.visit("192.0.2.3", "/pay/2") == forbidden);
    CHECK(world.visit("192.0.2.4", "/pay/3") == ok);
    CHECK(world.count() == MarkCounts{.requests = 6,
                                      .watched = 1,
                                      .on_trial = 2,
                                      .denied = 2,
                                      .critical = 3,
                                      .critical_on_trial = 1,
                                      .critical_denied = 1});
}

TEST_CASE(
    "a mark that nobody renews ends by itself, however often it is met, and a renewed one "
    "lasts" *
    doctest::skip(!has_haproxy())) {
    MarkedHaproxy world("1s");
    const std::vector sources{network_for_test("192.0.2.7")};
    REQUIRE(world.mark(Mark::denied, sources, 900ms).kind == OutcomeKind::done);
    const Instant ends_at = net::now_for_test() + 900ms;
    bool is_early = false;
    net::run_until_for_test(world.context, [&] {
        const bool has_ended = world.visit("192.0.2.7") == ok;
        is_early = has_ended && net::now_for_test() < ends_at;
        return has_ended;
    });
    CHECK_FALSE(is_early);
    REQUIRE(world.mark(Mark::denied, sources, 900ms).kind == OutcomeKind::done);
    const Instant renewed_until = net::now_for_test() + 2s;
    while (net::now_for_test() < renewed_until) {
        REQUIRE(world.mark(Mark::denied, sources, 900ms).kind == OutcomeKind::done);
        CHECK(world.visit("192.0.2.7") == forbidden);
    }
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
        CHECK(world.visit("192.0.2.7") == ok);
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
        CHECK(world.visit("192.0.2.7") == (is_last_wrong ? forbidden : ok));
        CHECK(world.visit("203.0.113.9") == ok);
        CHECK(world.visit("2001:db8:5:6::1") == ok);
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
    CHECK(world.visit("192.0.2.7") == ok);
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
    CHECK(world.visit("192.0.2.7") == ok);
    world.kill();
    CHECK(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::refused);
    world.start();
    CHECK(world.visit("192.0.2.7") == ok);
    CHECK(world.count().value().requests == 1);
}

TEST_CASE("fifty thousand sources are marked, each of them, and others go on being served" *
          doctest::skip(!has_haproxy())) {
    MarkedHaproxy world;
    constexpr std::size_t count = 50'000;
    for (std::size_t begin = 0; begin < count; begin += 1'000) {
        std::vector<Network> sources;
        for (std::size_t index = begin; index < begin + 1'000; ++index) {
            sources.push_back(address(index));
        }
        REQUIRE(world.mark(Mark::denied, std::move(sources)).kind == OutcomeKind::done);
        CHECK(world.visit("192.0.2.7") == ok);
    }
    for (std::size_t index = 0; index < count; index += 997) {
        CHECK(world.visit(to_text(address(index))) == forbidden);
    }
    CHECK(world.visit(to_text(address(count))) == ok);
}
