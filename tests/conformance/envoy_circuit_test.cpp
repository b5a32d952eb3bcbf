// Circuits on a real Envoy: what every edge promises of one, that they end when everybody but the
// watchdog is dead, and what becomes of one when Envoy dies or lacks the runtime layer.

#include "homeostat/adapters/envoy/envoy_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "envoy_world.hpp"
#include "proxy_conformance.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

const SetCircuit open_fraud{ServiceId("fraud"), true};
const SetCircuit close_fraud{ServiceId("fraud"), false};

}  // namespace

TEST_CASE("Envoy keeps what every edge promises of a circuit" * doctest::skip(!has_envoy())) {
    check_circuit_conformance([](std::chrono::milliseconds circuit_lasts) {
        return std::make_unique<ProxyCircuit<EnvoyWorld>>(circuit_lasts);
    });
}

TEST_CASE("a call that the neighbour is answering outlives the opening of its circuit" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    net::HttpRequest slow;
    slow.path = "/slow";
    std::optional<std::string> answer;
    boost::asio::co_spawn(
        world.context,
        net::request_once(world.context.get_executor(), net::UnixEndpoint{world.file("fraud.sock")},
                          std::move(slow), net::now_for_test() + 5s),
        [&](std::exception_ptr, Result<net::HttpResponse> reply) {
            answer = reply ? reply->body : reply.error().text;
        });
    net::run_until_for_test(world.context, [&] { return world.p0.requests_count() == 1; });
    CHECK(world.perform(open_fraud).kind == OutcomeKind::done);
    CHECK(world.call_fraud()->body == "fallback");
    net::run_until_for_test(world.context, [&] { return answer.has_value(); });
    CHECK(*answer == "payments-0");
}

TEST_CASE("without a watchdog no circuit is opened, and one that is open can be closed" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    REQUIRE(world.perform(open_fraud).kind == OutcomeKind::done);
    world.stop_watching();
    CHECK(world.perform(close_fraud).kind == OutcomeKind::done);
    const Outcome outcome = world.perform(open_fraud);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("envoy-watchdog"));
    CHECK(world.call_fraud()->body == "payments-0");
    world.watch();
    CHECK(world.perform(open_fraud).kind == OutcomeKind::done);
}

TEST_CASE("a circuit survives an Envoy that starts again, and ends in its time all the same" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world(!EnvoyWorld::with_checks, 1s);
    REQUIRE(world.perform(open_fraud).kind == OutcomeKind::done);
    world.kill();
    CHECK(world.perform(close_fraud).kind == OutcomeKind::refused);
    world.start();
    net::run_until_for_test(world.context, [&] {
        static_cast<void>(world.pass());
        return world.call_fraud()->body == "payments-0";
    });
    REQUIRE(world.read()->circuits.size() == 1);
    CHECK_FALSE(world.read()->circuits.front().is_open);
}

TEST_CASE("a watchdog that wakes while Envoy is away ends what the next Envoy would have found" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world(!EnvoyWorld::with_checks, 1ms);
    REQUIRE(world.perform(open_fraud).kind == OutcomeKind::done);
    world.kill();
    const Result<std::vector<std::string>> ended = world.pass();
    REQUIRE(ended);
    CHECK(*ended == std::vector<std::string>{"homeostat.circuit.fraud"});
    world.start();
    CHECK(world.call_fraud()->body == "payments-0");
}

TEST_CASE("an operator's own hand on the switch is seen, and has no end" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    const std::string before = world.text_of("runtime.json");
    const std::size_t at = before.find("{}}]");
    REQUIRE(at != std::string::npos);
    std::string by_hand = before;
    by_hand.replace(at, 2, R"({"homeostat.circuit.fraud":100})");
    world.put("runtime.json", by_hand);
    net::run_until_for_test(world.context, [&] {
        const Result<EdgeFacts> facts = world.read();
        return facts && !facts->circuits.empty() && facts->circuits.front().is_open;
    });
    CHECK(world.call_fraud()->body == "fallback");
    CHECK(world.pass()->empty());
    CHECK(world.perform(close_fraud).kind == OutcomeKind::done);
    CHECK(world.call_fraud()->body == "payments-0");
}

TEST_CASE("a file of overrides that Envoy has not loaded is no circuit's truth, and is not ours" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    std::string edited = world.text_of("runtime.json");
    edited.replace(edited.find("{}}]"), 2, R"({"homeostat.circuit.fraud":100})");
    edited.replace(edited.find("start"), 5, "later");
    world.edit("runtime.json", edited);
    CHECK(world.read()->circuits.empty());
    CHECK(world.perform(open_fraud).kind == OutcomeKind::refused);
    CHECK(world.perform(close_fraud).kind == OutcomeKind::refused);
    CHECK(world.text_of("runtime.json") == edited);
    CHECK(world.call_fraud()->body == "payments-0");
}

TEST_CASE("an override that Envoy rejects is noticed, told of and taken back" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    std::string spoilt = world.text_of("runtime.json");
    spoilt.replace(spoilt.find(R"("layer")"), 0, R"("colour":1,)");
    world.edit("runtime.json", spoilt);
    const Outcome outcome = world.perform(open_fraud);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("rejected"));
    CHECK(world.text_of("runtime.json") == spoilt);
    CHECK(world.call_fraud()->body == "payments-0");
}
