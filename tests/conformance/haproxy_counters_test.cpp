// Which of HAProxy's counters are errors: the table in homeostat/adapters/haproxy/edge_view.hpp,
// measured again on the HAProxy of this machine. The truth is what the clients saw.

#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/sense/edge_mean.hpp"

#include "counters_conformance.hpp"
#include "haproxy_world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <vector>

namespace homeostat::conformance {

static Counts counts_in(HaproxyWorld& world) {
    const Result<haproxy::BackendView> view = world.look();
    REQUIRE(view);
    Counts counts{.whole = view->counters, .members = {}};
    for (const haproxy::ServerView& server : view->servers) {
        add_to(counts.members, server.counters);
    }
    return counts;
}

}  // namespace homeostat::conformance

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

TEST_CASE("HAProxy counts what every proxy counts" * doctest::skip(!has_haproxy())) {
    check_counters_conformance<HaproxyWorld>();
}

TEST_CASE("a reply that hangs in its body counts once, at the backend and at its server" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    const Measured measured = measure(world, "/halfhang");
    CHECK(measured.bad_count == clients_count);
    check_whole(measured);
    CHECK(measured.members.requests_total == clients_count);
    CHECK(measured.members.errors_total == clients_count);
}

TEST_CASE("a reply cut in its body counts once at the backend and twice at its server" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    const Measured measured = measure(world, "/half");
    CHECK(measured.bad_count == clients_count);
    check_whole(measured);
    CHECK(measured.members.errors_total == 2 * clients_count);
    CHECK(measured.members.requests_total == 2 * clients_count);
}

TEST_CASE("a connection that a server refuses is at it no error, and one if it is the last" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.p1.stop();
    const Measured given_on = measure(world, "/");
    CHECK(given_on.members.errors_total == 0);
    CHECK(given_on.whole.retries_total == given_on.members.retries_total);
    world.p0.stop();
    const Measured refused = measure(world, "/");
    CHECK(refused.members.errors_total == clients_count);
    CHECK(refused.whole.retries_total == clients_count);
}

TEST_CASE("what HAProxy answers itself counts at the backend and at no server" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    for (const std::string& state : {"drain", "maint"}) {
        world.command("set server payments/p0 state " + state);
        world.command("set server payments/p1 state " + state);
        const Measured measured = measure(world, "/");
        CHECK(measured.bad_count == clients_count);
        check_whole(measured);
        CHECK(measured.members.requests_total == 0);
        CHECK(measured.members.errors_total == 0);
    }
}

TEST_CASE("a wait in the queue that is too long is an error at the backend and at no server" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.command("set maxconn server payments/p0 1");
    world.command("set maxconn server payments/p1 1");
    const Measured measured = measure(world, "/slow");
    CHECK(measured.good_count == 2);
    check_whole(measured);
    CHECK(measured.members.errors_total == 0);
}

TEST_CASE("whoever waits for a server is under way, too" * doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.command("set maxconn server payments/p0 1");
    world.command("set maxconn server payments/p1 1");
    std::uint64_t ended_count = 0;
    begin_clients(world, "/slow", clients_count, ended_count);
    const EdgeCounters busiest = busiest_until(world, clients_count, ended_count);
    CHECK(busiest.queue_length > 0);
    CHECK(busiest.sessions_now > busiest.queue_length);
    CHECK(busiest.sessions_now <= busiest.queue_length + 2);
}

TEST_CASE("a client that gives up counts as answered once the service has answered" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    const Measured measured = measure(world, "/slow", 100ms);
    CHECK(measured.bad_count == clients_count);
    CHECK(measured.whole.requests_total == clients_count);
    CHECK(measured.whole.errors_total == 0);
}

TEST_CASE("the mean latency decays over 512 answers" * doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.command("clear counters all");
    for (int count = 0; count < 600; ++count) {
        REQUIRE(world.request("/"));
    }
    const Result<haproxy::BackendView> before = world.look();
    REQUIRE(before);
    std::size_t answered_count = 0;
    for (int client = 0; client < 40; ++client) {
        boost::asio::co_spawn(world.context, world.begin_request("/slow", 5s),
                              [&](std::exception_ptr, Result<net::HttpResponse> reply) {
                                  answered_count += reply && reply->status == 200 ? 1 : 0;
                              });
    }
    net::run_until_for_test(world.context, [&] { return answered_count == 40; });
    const Result<haproxy::BackendView> after = world.look();
    REQUIRE(after);
    // 200 ms * (1 - (1 - 1/512)^40) = 15 ms; a memory of 1024 answers would give 7.7 ms.
    const double risen_ms = after->counters.latency_ms - before->counters.latency_ms;
    CHECK(risen_ms > 11);
    CHECK(risen_ms < 25);
    // And so the 40 answers' own mean can be computed back, within the rounding of 13 ms.
    sense::EdgeMean mean{before->counters.requests_total, before->counters.latency_ms, Instant{}};
    const std::optional<double> figure =
        sense::interval_ms(mean, after->counters, {}, Instant{} + 1s);
    REQUIRE(figure);
    CHECK(*figure > 200 - 20);
    CHECK(*figure < 200 + 60);  // A busy machine makes answers later, never earlier.
}
