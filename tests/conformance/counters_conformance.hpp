#pragma once

// What clients see and what a real proxy (HaproxyWorld, EnvoyWorld) counts of it: the measuring,
// and what holds at every proxy. A suite says of its world by counts_in(World&) what is counted.
//
// For tests only.

#include "homeostat/domain/reading.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>

namespace homeostat::conformance {

constexpr std::uint64_t clients_count = 6;

struct Counts {
    EdgeCounters whole;    ///< Of the backend or cluster.
    EdgeCounters members;  ///< Of its servers or endpoints, added up.
};

inline void add_to(EdgeCounters& sum, const EdgeCounters& member) {
    sum.requests_total += member.requests_total;
    sum.errors_total += member.errors_total;
    sum.retries_total += member.retries_total;
}

inline void take_off(EdgeCounters& counters, const EdgeCounters& before) {
    counters.requests_total -= before.requests_total;
    counters.errors_total -= before.errors_total;
    counters.retries_total -= before.retries_total;
}

struct Measured {
    std::uint64_t good_count{0};  ///< Clients that got 200 and a whole body.
    std::uint64_t bad_count{0};
    EdgeCounters whole;
    EdgeCounters members;
};

/// Lets all clients ask at once and waits until the proxy has done with them.
template <class World>
Measured measure(World& world,
                 const std::string& path,
                 Duration within = std::chrono::seconds{5},
                 std::uint64_t count = clients_count) {
    const Counts before = counts_in(world);
    Measured measured;
    for (std::uint64_t client = 0; client < count; ++client) {
        boost::asio::co_spawn(world.context, world.begin_request(path, within),
                              [&](std::exception_ptr, Result<net::HttpResponse> reply) {
                                  const bool is_good = reply && reply->status == 200;
                                  ++(is_good ? measured.good_count : measured.bad_count);
                              });
    }
    net::run_until_for_test(world.context,
                            [&] { return measured.good_count + measured.bad_count == count; });
    Counts after;
    net::run_until_for_test(world.context, [&] {
        after = counts_in(world);
        return after.whole.sessions_now == 0;
    });
    measured.whole = after.whole;
    measured.members = after.members;
    take_off(measured.whole, before.whole);
    take_off(measured.members, before.members);
    return measured;
}

/// So many clients ask at once; `ended_count` rises with each that is done with.
template <class World>
void begin_clients(World& world,
                   const std::string& path,
                   std::uint64_t count,
                   std::uint64_t& ended_count) {
    for (std::uint64_t client = 0; client < count; ++client) {
        boost::asio::co_spawn(
            world.context, world.begin_request(path, std::chrono::seconds{5}),
            [&](std::exception_ptr, Result<net::HttpResponse>) { ++ended_count; });
    }
}

/// The look that showed the most under way while some waited, until all clients are done with.
template <class World>
EdgeCounters busiest_until(World& world, std::uint64_t count, const std::uint64_t& ended_count) {
    EdgeCounters busiest;
    net::run_until_for_test(world.context, [&] {
        const EdgeCounters counters = counts_in(world).whole;
        if (counters.queue_length > 0 && counters.sessions_now > busiest.sessions_now) {
            busiest = counters;
        }
        return ended_count == count;
    });
    return busiest;
}

/// What holds whatever went wrong: the whole counts each request once, and as bad if it was.
inline void check_whole(const Measured& measured) {
    CHECK(measured.whole.requests_total == clients_count);
    CHECK(measured.whole.errors_total == measured.bad_count);
}

template <class World>
void check_counters_conformance() {
    SUBCASE("an error that the service makes counts once, as a whole and at the instance") {
        World world;
        for (const std::string& path : {"/500", "/hang", "/cut", "/junk"}) {
            CAPTURE(path);
            const Measured measured = measure(world, path);
            CHECK(measured.bad_count == clients_count);
            check_whole(measured);
            CHECK(measured.members.requests_total == clients_count);
            CHECK(measured.members.errors_total == clients_count);
        }
    }
    SUBCASE("a good answer is no error anywhere") {
        World world;
        for (const std::string& path : {"/", "/slow"}) {
            const Measured measured = measure(world, path);
            CHECK(measured.good_count == clients_count);
            check_whole(measured);
            CHECK(measured.members.requests_total == clients_count);
            CHECK(measured.members.errors_total == 0);
        }
    }
    SUBCASE("a refused connection that another instance takes over is a retry, not an error") {
        World world;
        world.p1.stop();
        const Measured measured = measure(world, "/");
        CHECK(measured.good_count == clients_count);
        check_whole(measured);
        // Not half of them: a connection that is given on moves the round robin on, too.
        CHECK(measured.whole.retries_total > 0);
    }
    SUBCASE("a connection that every instance refuses is one error as a whole") {
        World world;
        world.p0.stop();
        world.p1.stop();
        const Measured measured = measure(world, "/");
        CHECK(measured.bad_count == clients_count);
        check_whole(measured);
    }
}

}  // namespace homeostat::conformance
