// The edge port on a real HAProxy: what every edge promises, and what becomes of it when HAProxy
// hangs, dies or starts again.

#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "drain_conformance.hpp"
#include "edge_conformance.hpp"
#include "haproxy_world.hpp"
#include "reading_conformance.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

class HaproxyEdge final : public EdgeWorld {
  public:
    std::vector<InstanceId> instances() override {
        return {InstanceId("payments-0"), InstanceId("payments-1")};
    }
    bool performs(const Step& step) override {
        return haproxy::HaproxyActuator(world_.context.get_executor(), world_.options())
            .performs(step);
    }
    Outcome perform(Step step, Duration within) override {
        return world_.perform(std::move(step), within);
    }
    Result<EdgeFacts> read() override { return world_.read(); }
    std::optional<InstanceId> request() override {
        const Result<net::HttpResponse> reply = world_.request("/");
        return reply && reply->status == 200 ? std::optional(InstanceId(reply->body))
                                             : std::nullopt;
    }

  private:
    HaproxyWorld world_;
};

const Drain drain_0{InstanceId("payments-0")};
const Undrain undrain_0{InstanceId("payments-0")};

}  // namespace

TEST_CASE("HAProxy keeps what every edge promises" * doctest::skip(!has_haproxy())) {
    check_edge_conformance([] { return std::make_unique<HaproxyEdge>(); });
}

TEST_CASE("HAProxy keeps what every proxy promises of drains" * doctest::skip(!has_haproxy())) {
    check_drain_conformance<HaproxyWorld>();
}

TEST_CASE("HAProxy is read as every proxy is" * doctest::skip(!has_haproxy())) {
    check_reading_conformance<HaproxyWorld>();
}

TEST_CASE("a command that a hanging HAProxy was sent is carried out later, when we have hung up" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.signal(SIGSTOP);
    const haproxy::RuntimeSocket runtime = world.runtime();
    const haproxy::Reply reply = net::run_for_test(
        world.context, runtime.set_state("payments", "p0", haproxy::TrafficState::drain,
                                         net::now_for_test() + 100ms));
    CHECK(reply.is_sent);
    REQUIRE_FALSE(reply.complaint);
    CHECK(reply.complaint.error().fault == Fault::late);
    world.signal(SIGCONT);
    world.wait_for("p0", Rotation::draining);
}

TEST_CASE("a HAProxy that dies with our command in hand leaves us not knowing" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.signal(SIGSTOP);
    std::optional<haproxy::Reply> reply;
    const haproxy::RuntimeSocket runtime = world.runtime();
    boost::asio::co_spawn(
        world.context,
        runtime.set_state("payments", "p0", haproxy::TrafficState::drain, net::now_for_test() + 5s),
        [&](std::exception_ptr, haproxy::Reply given) { reply.emplace(std::move(given)); });
    const Instant sent_by = net::now_for_test() + 100ms;
    net::run_until_for_test(world.context, [&] { return net::now_for_test() > sent_by; });
    world.kill();
    net::run_until_for_test(world.context, [&] { return reply.has_value(); });
    CHECK(reply->is_sent);
    REQUIRE_FALSE(reply->complaint);
    CHECK(reply->complaint.error().fault == Fault::broken);
}

TEST_CASE("a HAProxy that starts again counts from zero and has forgotten every drain" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    for (int round = 0; round < 4; ++round) {
        CHECK(world.request("/500"));
    }
    REQUIRE(world.perform(drain_0).kind == OutcomeKind::done);
    const Result<EdgeFacts> before = world.read();
    REQUIRE(before);
    CHECK(before->counters.errors_total == 4);
    world.kill();
    world.start();
    const Result<EdgeFacts> after = world.read();
    REQUIRE(after);
    CHECK(after->counters.errors_total == 0);
    CHECK(after->counters.requests_total == 0);
    CHECK(after->instances.front().rotation == Rotation::in);
    CHECK(world.perform(drain_0).kind == OutcomeKind::done);
}

namespace {

/// Since when nothing of p0 has changed, as HAProxy says.
Instant unchanged_since(HaproxyWorld& world) {
    const Result<EdgeFacts> facts = world.read();
    REQUIRE(facts);
    REQUIRE(facts->instances.front().rotation_since);
    return *facts->instances.front().rotation_since;
}

/// Until a change of now can be told from one of before: HAProxy dates them by whole seconds.
void wait_for_age(HaproxyWorld& world) {
    net::run_until_for_test(world.context,
                            [&] { return net::now_for_test() - unchanged_since(world) > 2500ms; });
}

bool is_just_now(Instant at) {
    const Duration age = net::now_for_test() - at;
    return age < 1500ms && age > -1500ms;
}

}  // namespace

TEST_CASE("HAProxy dates a drain and its end, also of a server that is down" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world(HaproxyWorld::with_checks);
    world.wait_for("p0", Rotation::in);
    for (const std::string state : {"drain", "ready", "drain"}) {
        wait_for_age(world);
        world.command("set server payments/p0 state " + state);
        CHECK(is_just_now(unchanged_since(world)));
    }
    wait_for_age(world);
    // It is dated no later by what leaves it drained; but by its checks, so it may be older.
    for (const std::string line : {"state drain", "weight 50%"}) {
        world.command("set server payments/p0 " + line);
        CHECK_FALSE(is_just_now(unchanged_since(world)));
    }
    world.p0.stop();
    net::run_until_for_test(world.context, [&] { return is_just_now(unchanged_since(world)); });
    CHECK(world.rotation_of("p0") == Rotation::draining);
    world.command("set server payments/p0 state ready");
    wait_for_age(world);
    world.command("set server payments/p0 state drain");
    CHECK(is_just_now(unchanged_since(world)));
}

TEST_CASE("what a person has drained an order to drain does not make ours" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.command("set server payments/p0 state drain");
    const Outcome outcome = world.perform(drain_0);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because == "somebody else has drained it already");
    CHECK(world.rotation_of("p0") == Rotation::draining);
}

TEST_CASE("what a person ordered by hand is left alone" * doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.command("set server payments/p0 state maint");
    CHECK(world.rotation_of("p0") == Rotation::down);
    CHECK(world.perform(drain_0).kind == OutcomeKind::refused);
    CHECK(world.perform(undrain_0).kind == OutcomeKind::refused);
    CHECK(world.rotation_of("p0") == Rotation::down);
    world.command("set server payments/p0 state ready");
    world.command("set weight payments/p0 0");
    CHECK(world.rotation_of("p0") == Rotation::down);
}

TEST_CASE("a server or backend that HAProxy does not have is refused" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    haproxy::Options options = world.options();
    options.servers.front().server = "p9";
    haproxy::HaproxyActuator no_server(world.context.get_executor(), options);
    const Outcome outcome = net::run_for_test(
        world.context, no_server.perform(request_for_test(drain_0), net::now_for_test() + 2s));
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("p9"));
    const auto part = net::run_for_test(world.context, no_server.read(net::now_for_test() + 2s));
    REQUIRE(part);
    CHECK(std::get<EdgeFacts>(*part).instances.front().rotation == Rotation::unknown);
    options.backend = "stranger";
    haproxy::HaproxyActuator no_backend(world.context.get_executor(), options);
    const auto nothing =
        net::run_for_test(world.context, no_backend.read(net::now_for_test() + 2s));
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().fault == Fault::absent);
}
