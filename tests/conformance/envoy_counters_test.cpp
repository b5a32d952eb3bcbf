// Which of Envoy's counters are errors: the table in homeostat/adapters/envoy/edge_view.hpp,
// measured again on the Envoy of this machine. The truth is what the clients saw.

#include "homeostat/adapters/envoy/envoy_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/sense/edge_mean.hpp"

#include "counters_conformance.hpp"
#include "envoy_world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

namespace homeostat::conformance {

static Counts counts_in(EnvoyWorld& world) {
    const Result<envoy::Look> look = world.look();
    REQUIRE(look);
    Counts counts{.whole = look->clusters.front().counters, .members = {}};
    for (const envoy::HostView& host : look->clusters.front().hosts) {
        add_to(counts.members, host.counters);
    }
    return counts;
}

}  // namespace homeostat::conformance

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

/// Envoy merges its times some while after the look that asked for them.
Result<envoy::Look> settled_look(EnvoyWorld& world) {
    constexpr int looks_count = 5;
    for (int count = 1; count < looks_count; ++count) {
        REQUIRE(world.look());
        const Instant until = net::now_for_test() + 50ms;
        net::run_until_for_test(world.context, [&] { return net::now_for_test() > until; });
    }
    return world.look();
}

}  // namespace

TEST_CASE("Envoy counts what every proxy counts" * doctest::skip(!has_envoy())) {
    check_counters_conformance<EnvoyWorld>();
}

TEST_CASE("a reply that ends badly in its body is an error at the cluster and at no endpoint" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    for (const std::string& path : {"/half", "/halfhang"}) {
        CAPTURE(path);
        const Measured measured = measure(world, path);
        CHECK(measured.bad_count == clients_count);
        check_whole(measured);
        CHECK(measured.members.requests_total == clients_count);
        CHECK(measured.members.errors_total == 0);
    }
}

TEST_CASE("errors of several kinds one after another are each counted once" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    std::uint64_t bad_count = 0;
    for (const std::string& path : {"/junk", "/half", "/hang", "/halfhang", "/500", "/"}) {
        bad_count += measure(world, path).bad_count;
    }
    CHECK(world.look()->clusters.front().counters.errors_total == bad_count);
    CHECK(bad_count == std::uint64_t{5} * clients_count);
}

TEST_CASE("a connection that an endpoint refuses is an error there for each retry" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    world.p1.stop();
    const Measured measured = measure(world, "/");
    CHECK(measured.members.errors_total == measured.whole.retries_total);
}

TEST_CASE("what Envoy answers itself counts at the cluster and at no endpoint" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    REQUIRE(world.perform(Drain{InstanceId("payments-0")}).kind == OutcomeKind::done);
    REQUIRE(world.perform(Drain{InstanceId("payments-1")}).kind == OutcomeKind::done);
    const Measured measured = measure(world, "/");
    CHECK(measured.bad_count == clients_count);
    check_whole(measured);
    CHECK(measured.members.requests_total == 0);
    CHECK(measured.members.errors_total == 0);
}

TEST_CASE("where too many wait Envoy answers itself: an error at the cluster and at no endpoint" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    constexpr std::uint64_t count = 90;  // 40 connections, and 40 who may wait.
    const Measured measured = measure(world, "/slow", 5s, count);
    CHECK(measured.bad_count > 0);
    CHECK(measured.whole.requests_total == count);
    CHECK(measured.whole.errors_total == measured.bad_count);
    CHECK(measured.members.errors_total == 0);
}

TEST_CASE("whoever waits for a connection is under way, too" * doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    constexpr std::uint64_t connections_max = 40;
    constexpr std::uint64_t half = 30;
    std::uint64_t ended_count = 0;
    begin_clients(world, "/hang", half, ended_count);
    net::run_until_for_test(world.context, [&] {
        const EdgeCounters counters = counts_in(world).whole;
        return counters.sessions_now == half && counters.queue_length == 0;
    });
    begin_clients(world, "/hang", half, ended_count);
    const EdgeCounters busiest = busiest_until(world, 2 * half, ended_count);
    CHECK(busiest.queue_length > 0);
    CHECK(busiest.sessions_now > connections_max);
    CHECK(busiest.sessions_now > busiest.queue_length);
}

TEST_CASE("a client that gives up is counted nowhere" * doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    const Measured measured = measure(world, "/slow", 100ms);
    CHECK(measured.bad_count == clients_count);
    CHECK(measured.whole.requests_total == 0);
    CHECK(measured.whole.errors_total == 0);
}

TEST_CASE("the mean latency is told as one that decays over 512 answers" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    for (int count = 0; count < 600; ++count) {
        REQUIRE(world.request("/"));
    }
    const Result<envoy::Look> before = settled_look(world);
    REQUIRE(before);
    const EdgeCounters& earlier = before->clusters.front().counters;
    std::size_t answered_count = 0;
    for (int client = 0; client < 40; ++client) {
        boost::asio::co_spawn(world.context, world.begin_request("/slow", 5s),
                              [&](std::exception_ptr, Result<net::HttpResponse> reply) {
                                  answered_count += reply && reply->status == 200 ? 1 : 0;
                              });
    }
    net::run_until_for_test(world.context, [&] { return answered_count == 40; });
    net::run_until_for_test(world.context, [&] {
        const Result<envoy::Look> look = world.look();
        return look && look->clusters.front().counters.latency_ms > earlier.latency_ms;
    });
    const Result<envoy::Look> after = settled_look(world);
    REQUIRE(after);
    const EdgeCounters& later = after->clusters.front().counters;
    // 200 ms * (1 - (1 - 1/512)^40) = 15 ms.
    CHECK(later.latency_ms - earlier.latency_ms > 11);
    CHECK(later.latency_ms - earlier.latency_ms < 25);
    sense::EdgeMean mean{earlier.requests_total, earlier.latency_ms, Instant{}};
    const std::optional<double> figure = sense::interval_ms(mean, later, {}, Instant{} + 1s);
    REQUIRE(figure);
    CHECK(*figure > 200 - 20);
    CHECK(*figure < 200 + 60);  // A busy machine makes answers later, never earlier.
}
