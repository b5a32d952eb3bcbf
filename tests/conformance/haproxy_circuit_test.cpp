// Circuits on a real HAProxy: what every edge promises of one, and what becomes of it when HAProxy
// dies or lacks the stick table.

#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "circuit_conformance.hpp"
#include "haproxy_world.hpp"

#include <doctest/doctest.h>

#include <iostream>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

/// A suite whose peer is missing says so; the line makes ctest count it as skipped.
bool has_haproxy() {
    const bool is_there = haproxy_program().has_value();
    if (!is_there) {
        std::cout << "SKIPPED: haproxy is not installed\n";
    }
    return is_there;
}

class HaproxyCircuit final : public CircuitWorld {
  public:
    explicit HaproxyCircuit(std::chrono::milliseconds circuit_lasts)
        : world_(HaproxyWorld::with_checks, circuit_lasts) {
        set_well(true);
    }
    ServiceId neighbour() override { return ServiceId("fraud"); }
    Outcome perform(Step step) override { return world_.perform(std::move(step)); }
    Result<EdgeFacts> read() override { return world_.read(); }
    Answered call() override {
        const Result<net::HttpResponse> reply = world_.call_fraud();
        if (!reply || reply->status != 200) {
            return Answered::by_nobody;
        }
        return reply->body == "fallback" ? Answered::by_fallback : Answered::by_neighbour;
    }
    void set_well(bool is_well) override {
        world_.p0.set_healthy(is_well);
        wait_until([&] { return circuit_in(*this).is_answering() == is_well; });
    }
    void wait_until(const std::function<bool()>& holds) override {
        net::run_until_for_test(world_.context, holds);
    }

  private:
    HaproxyWorld world_;
};

const SetCircuit open_fraud{ServiceId("fraud"), true};

}  // namespace

TEST_CASE("HAProxy keeps what every edge promises of a circuit" * doctest::skip(!has_haproxy())) {
    check_circuit_conformance([](std::chrono::milliseconds circuit_lasts) {
        return std::make_unique<HaproxyCircuit>(circuit_lasts);
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
