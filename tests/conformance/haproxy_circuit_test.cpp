// Circuits on a real HAProxy: what every edge promises of one, and what becomes of it when HAProxy
// dies or lacks the stick table.

#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "haproxy_world.hpp"
#include "proxy_conformance.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

const SetCircuit open_fraud{ServiceId("fraud"), true};

}  // namespace

TEST_CASE("HAProxy keeps what every edge promises of a circuit" * doctest::skip(!has_haproxy())) {
    check_circuit_conformance([](std::chrono::milliseconds circuit_lasts) {
        return std::make_unique<ProxyCircuit<HaproxyWorld>>(circuit_lasts);
    });
}

TEST_CASE("a HAProxy that starts again has closed every circuit" * doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    REQUIRE(world.perform(open_fraud).kind == OutcomeKind::done);
    world.kill();
    CHECK(world.perform(open_fraud).kind == OutcomeKind::refused);
    world.start();
    const Result<EdgeFacts> facts = world.read();
    REQUIRE(facts);
    REQUIRE(facts->circuits.size() == 1);
    CHECK_FALSE(facts->circuits.front().is_open);
}

TEST_CASE("a circuit whose stick table HAProxy does not have is refused and left out of the facts" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    haproxy::Options options = world.options();
    for (const char* table : {"strangers", "payments"}) {  // The second has no stick table.
        options.neighbours.front().circuit = table;
        haproxy::HaproxyActuator actuator(world.context.get_executor(), options);
        const Outcome outcome = net::run_for_test(
            world.context,
            actuator.perform(request_for_test(open_fraud), net::now_for_test() + 2s));
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK(outcome.because.contains(table));
        const auto part = net::run_for_test(world.context, actuator.read(net::now_for_test() + 2s));
        REQUIRE(part);
        CHECK(std::get<EdgeFacts>(*part).circuits.empty());
        CHECK(std::get<EdgeFacts>(*part).instances.front().rotation == Rotation::in);
    }
}

TEST_CASE("an operator's own hand on the switch is seen" * doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    world.command("set table circuits key fraud data.gpt0 1");
    CHECK(world.read()->circuits.front().is_open);
    CHECK(world.call_fraud()->body == "fallback");
    world.command("set table circuits key fraud data.gpt0 0");
    CHECK_FALSE(world.read()->circuits.front().is_open);
    CHECK(world.perform(open_fraud).kind == OutcomeKind::done);
    CHECK(world.call_fraud()->body == "fallback");
}
