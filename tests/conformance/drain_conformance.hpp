#pragma once

// What holds of drains at every real proxy that the suites start (HaproxyWorld, EnvoyWorld): beside
// checks that fail, with requests under way, and while the proxy hangs.
//
// For tests only. Each check makes worlds of its own, one for each promise.

#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/step.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <optional>

namespace homeostat::conformance {

template <class World>
void check_drain_conformance() {
    using namespace std::chrono_literals;
    const Drain drain{InstanceId("payments-0")};
    const Undrain undrain{InstanceId("payments-0")};
    SUBCASE("an instance whose checks fail is down, and comes back by itself") {
        World world(World::with_checks);
        world.wait_for("p0", Rotation::in);
        world.p0.set_healthy(false);
        world.wait_for("p0", Rotation::down);
        CHECK(world.rotation_of("p1") == Rotation::in);
        world.p0.set_healthy(true);
        world.wait_for("p0", Rotation::in);
    }
    SUBCASE("a drain stays seen while its instance is replaced, and ends with the undrain") {
        World world(World::with_checks);
        world.wait_for("p0", Rotation::in);
        REQUIRE(world.perform(drain).kind == OutcomeKind::done);
        world.p0.stop();
        world.wait_for("p0", Rotation::draining);
        // While it is down an undrain is done, and the checks alone keep requests away.
        world.p0.set_healthy(false);
        world.p0.start();
        CHECK(world.perform(undrain).kind == OutcomeKind::done);
        world.wait_for("p0", Rotation::down);
        CHECK(world.perform(drain).kind == OutcomeKind::done);
        CHECK(world.rotation_of("p0") == Rotation::draining);
        world.p0.set_healthy(true);
        CHECK(world.perform(undrain).kind == OutcomeKind::done);
        world.wait_for("p0", Rotation::in);
    }
    SUBCASE("a request that an instance is answering outlives its drain") {
        World world;
        REQUIRE(world.perform(Drain{InstanceId("payments-1")}).kind == OutcomeKind::done);
        std::optional<int> status;
        boost::asio::co_spawn(world.context, world.begin_request("/slow", 5s),
                              [&](std::exception_ptr, Result<net::HttpResponse> reply) {
                                  status = reply ? reply->status : 0;
                              });
        net::run_until_for_test(world.context, [&] { return world.p0.requests_count() == 1; });
        CHECK(world.perform(drain).kind == OutcomeKind::done);
        const Result<EdgeFacts> facts = world.read();
        REQUIRE(facts);
        CHECK(facts->instances.front().sessions_now == 1);
        net::run_until_for_test(world.context, [&] { return status.has_value(); });
        CHECK(*status == 200);
    }
    SUBCASE("a proxy that hangs costs the deadline and no more, and then goes on as before") {
        World world;
        world.signal(SIGSTOP);
        const Instant began_at = net::now_for_test();
        const Result<EdgeFacts> facts = world.read(100ms);
        REQUIRE_FALSE(facts);
        CHECK(facts.error().fault == Fault::late);
        CHECK(world.perform(drain, 100ms).kind == OutcomeKind::refused);
        CHECK(net::now_for_test() - began_at < 2s);
        world.signal(SIGCONT);
        CHECK(world.rotation_of("p0") == Rotation::in);
        CHECK(world.perform(drain).kind == OutcomeKind::done);
    }
}

}  // namespace homeostat::conformance
