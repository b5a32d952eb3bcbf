// Which of HAProxy's counters are errors: the table in homeostat/adapters/haproxy/edge_view.hpp,
// measured again on the HAProxy of this machine. The truth is what the clients saw.

#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/sense/edge_mean.hpp"

#include "haproxy_world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <vector>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

constexpr int clients_count = 6;

struct Measured {
    std::uint64_t good_count{0};  ///< Clients that got 200 and a whole body.
    std::uint64_t bad_count{0};
    EdgeCounters backend;
    EdgeCounters servers;  ///< Added up.
};

EdgeCounters sum_of(const haproxy::BackendView& view) {
    EdgeCounters sum;
    for (const haproxy::ServerView& server : view.servers) {
        sum.requests_total += server.counters.requests_total;
        sum.errors_total += server.counters.errors_total;
        sum.retries_total += server.counters.retries_total;
    }
    return sum;
}

/// Clears the counters, lets all clients ask at once and waits until HAProxy has done with them.
Measured measure(HaproxyWorld& world, const std::string& path, Duration within = 5s) {
    world.command("clear counters all");
    Measured measured;
    for (int client = 0; client < clients_count; ++client) {
        boost::asio::co_spawn(world.context, world.begin_request(path, within),
                              [&](std::exception_ptr, Result<net::HttpResponse> reply) {
                                  const bool is_good = reply && reply->status == 200;
                                  ++(is_good ? measured.good_count : measured.bad_count);
                              });
    }
    net::run_until_for_test(
        world.context, [&] { return measured.good_count + measured.bad_count == clients_count; });
    Result<haproxy::BackendView> view = world.look();
    net::run_until_for_test(world.context, [&] {
        view = world.look();
        return view && view->counters.sessions_now == 0;
    });
    measured.backend = view->counters;
    measured.servers = sum_of(*view);
    return measured;
}

/// What holds whatever went wrong: the backend counts each request once, and as bad if it was.
void check_backend(const Measured& measured) {
    CHECK(measured.backend.requests_total == clients_count);
    CHECK(measured.backend.errors_total == measured.bad_count);
}

}  // namespace

TEST_CASE("an error that the service makes counts once, at the backend and at its server" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    for (const std::string& path : {"/500", "/hang", "/cut", "/junk", "/halfhang"}) {
        CAPTURE(path);
        const Measured measured = measure(world, path);
        CHECK(measured.bad_count == clients_count);
        check_backend(measured);
        CHECK(measured.servers.requests_total == clients_count);
        CHECK(measured.servers.errors_total == clients_count);
    }
}

TEST_CASE("a good answer is no error anywhere" * doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    for (const std::string& path : {"/", "/slow"}) {
        const Measured measured = measure(world, path);
        CHECK(measured.good_count == clients_count);
        check_backend(measured);
        CHECK(measured.servers.requests_total == clients_count);
        CHECK(measured.servers.errors_total == 0);
    }
}

TEST_CASE("a reply cut in its body counts once at the backend and twice at its server" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    const Measured measured = measure(world, "/half");
    CHECK(measured.bad_count == clients_count);
    check_backend(measured);
    CHECK(measured.servers.errors_total == 2 * clients_count);
    CHECK(measured.servers.requests_total == 2 * clients_count);
}

TEST_CASE("a refused connection that another server takes over is a retry, not an error" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.p1.stop();
    const Measured measured = measure(world, "/");
    CHECK(measured.good_count == clients_count);
    check_backend(measured);
    CHECK(measured.servers.errors_total == 0);
    // Not half of them: a connection that is given on moves the round robin on, too.
    CHECK(measured.backend.retries_total > 0);
    CHECK(measured.backend.retries_total == measured.servers.retries_total);
}

TEST_CASE("a connection that every server refuses is one error at the backend" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.p0.stop();
    world.p1.stop();
    const Measured measured = measure(world, "/");
    CHECK(measured.bad_count == clients_count);
    check_backend(measured);
    CHECK(measured.servers.errors_total == clients_count);
    CHECK(measured.backend.retries_total == clients_count);
}

TEST_CASE("what HAProxy answers itself counts at the backend and at no server" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    for (const std::string& state : {"drain", "maint"}) {
        world.command("set server payments/p0 state " + state);
        world.command("set server payments/p1 state " + state);
        const Measured measured = measure(world, "/");
        CHECK(measured.bad_count == clients_count);
        check_backend(measured);
        CHECK(measured.servers.requests_total == 0);
        CHECK(measured.servers.errors_total == 0);
    }
}

TEST_CASE("a wait in the queue that is too long is an error at the backend and at no server" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.command("set maxconn server payments/p0 1");
    world.command("set maxconn server payments/p1 1");
    const Measured measured = measure(world, "/slow");
    CHECK(measured.good_count == 2);
    check_backend(measured);
    CHECK(measured.servers.errors_total == 0);
}

TEST_CASE("a client that gives up counts as answered once the service has answered" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    const Measured measured = measure(world, "/slow", 100ms);
    CHECK(measured.bad_count == clients_count);
    CHECK(measured.backend.requests_total == clients_count);
    CHECK(measured.backend.errors_total == 0);
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
