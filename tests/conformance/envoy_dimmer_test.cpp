// Dimmers on a real Envoy: what every edge promises of one, that circuits and dimmers are turned in
// one file without losing each other, and what becomes of one without its watchdog.

#include "homeostat/adapters/envoy/envoy_dimmer.hpp"

#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "envoy_world.hpp"
#include "proxy_dimmer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<DimmerWorld> make_world(std::chrono::milliseconds lasts) {
    const DimmerMaker<EnvoyWorld> make = [](EnvoyWorld& world) {
        return std::make_unique<envoy::EnvoyDimmer>(world.admin());
    };
    return std::make_unique<ProxyDimmer<EnvoyWorld>>(make, lasts);
}

/// A world whose dimmer a test turns itself.
struct Dimmed {
    EnvoyWorld world;
    envoy::EnvoyDimmer dimmer{world.admin()};
    int orders_count{0};

    Task<Outcome> begin(std::uint32_t permille, Duration lasts = 20s) {
        const Instant now = net::now_for_test();
        return dimmer.dim(
            dim_request_for_test({ServiceId("fraud"), permille, now + lasts}, ++orders_count),
            now + 5s);
    }
    Outcome dim(std::uint32_t permille, Duration lasts = 20s) {
        return net::run_for_test(world.context, begin(permille, lasts));
    }
    Result<std::vector<DimmerFacts>> read() {
        return net::run_for_test(world.context, dimmer.read_dimmers(net::now_for_test() + 5s));
    }
    std::string caller() { return world.call_fraud()->body; }
};

}  // namespace

TEST_CASE("Envoy keeps what every edge promises of a dimmer" * doctest::skip(!has_envoy())) {
    check_dimmer_conformance(make_world);
}

TEST_CASE("circuits, routes and dimmers turned at once are all turned, and none is lost" *
          doctest::skip(!has_envoy())) {
    Dimmed own;
    envoy::EnvoyActuator actuator(own.world.admin());
    std::vector<Outcome> outcomes;
    const auto note = [&](std::exception_ptr, Outcome outcome) {
        outcomes.push_back(std::move(outcome));
    };
    for (const bool is_on : {true, false, true}) {
        outcomes.clear();
        for (const Step& step : {Step{SetCircuit{ServiceId("fraud"), is_on}},
                                 Step{SetRoute{CacheId("quotes"), is_on}}}) {
            boost::asio::co_spawn(
                own.world.context,
                actuator.perform(request_for_test(step), net::now_for_test() + 5s), note);
            boost::asio::co_spawn(own.world.context, own.begin(is_on ? 250 : 750), note);
        }
        net::run_until_for_test(own.world.context, [&] { return outcomes.size() == 4; });
        for (const Outcome& outcome : outcomes) {
            CAPTURE(outcome.because);
            CHECK(outcome.kind == OutcomeKind::done);
        }
        const Result<EdgeFacts> facts = own.world.read();
        REQUIRE(facts);
        CHECK(facts->circuits.front().is_open == is_on);
        CHECK(facts->routes.front().is_to_source == is_on);
        CHECK(own.read()->front().permille == (is_on ? 250U : 750U));
    }
}

TEST_CASE("without a watchdog nothing is held back, and what is can be given back" *
          doctest::skip(!has_envoy())) {
    Dimmed own;
    REQUIRE(own.dim(1000).kind == OutcomeKind::done);
    own.world.stop_watching();
    CHECK(own.dim(0).kind == OutcomeKind::done);
    const Outcome outcome = own.dim(1000);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("envoy-watchdog"));
    CHECK(own.caller() == "payments-0");
}

TEST_CASE("a dimmer survives an Envoy that starts again, and ends in its time all the same" *
          doctest::skip(!has_envoy())) {
    Dimmed own;
    REQUIRE(own.dim(1000, 2s).kind == OutcomeKind::done);
    own.world.kill();
    own.world.start();
    net::run_until_for_test(own.world.context, [&] {
        static_cast<void>(own.world.pass());
        return own.caller() == "payments-0";
    });
    CHECK(own.read()->front().permille == 0);
    CHECK_FALSE(own.world.text_of("runtime.json").contains("dimmer"));
}

TEST_CASE("an operator's own hand on the dimmer is seen in per cent, and has no end" *
          doctest::skip(!has_envoy())) {
    Dimmed own;
    std::string by_hand = own.world.text_of("runtime.json");
    by_hand.replace(by_hand.find("{}}]"), 2, R"({"homeostat.dimmer.fraud":100})");
    by_hand.replace(by_hand.find("start"), 5, "later");
    own.world.put("runtime.json", by_hand);
    net::run_until_for_test(own.world.context, [&] {
        const auto facts = own.read();
        return facts && !facts->empty() && facts->front().permille == 1000;
    });
    CHECK(own.read()->front().until > net::now_for_test() + 20h);
    CHECK(own.caller() == "fallback");
    CHECK(own.world.pass()->empty());
    CHECK(own.dim(0).kind == OutcomeKind::done);
    CHECK(own.caller() == "payments-0");
}

TEST_CASE("a file of overrides that Envoy has not loaded is no dimmer's truth, and is not ours" *
          doctest::skip(!has_envoy())) {
    Dimmed own;
    std::string edited = own.world.text_of("runtime.json");
    edited.replace(edited.find("{}}]"), 2, R"({"homeostat.dimmer.fraud":100})");
    edited.replace(edited.find("start"), 5, "later");
    own.world.edit("runtime.json", edited);
    CHECK(own.read()->empty());
    CHECK(own.dim(250).kind == OutcomeKind::refused);
    CHECK(own.dim(0).kind == OutcomeKind::refused);
    CHECK(own.world.text_of("runtime.json") == edited);
    CHECK(own.caller() == "payments-0");
}

TEST_CASE("of an order of ours that Envoy never took nothing is taken over" *
          doctest::skip(!has_envoy())) {
    Dimmed own;
    REQUIRE(own.dim(4).kind == OutcomeKind::done);
    std::string untaken = own.world.text_of("runtime.json");
    untaken.replace(untaken.find(R"("numerator":40)"), 14, R"("numerator":10000)");
    untaken.replace(untaken.find(R"(permille":4)"), 11, R"(permille":1000)");
    untaken.replace(untaken.find("h-i-2.e1"), 8, "h-i-2.e9");
    own.world.edit("runtime.json", untaken);
    CHECK(own.read()->empty());
    CHECK(own.world.perform(SetRoute{CacheId("quotes"), true}).kind == OutcomeKind::done);
    CHECK(own.read()->front().permille == 4);
    CHECK(own.world.read_quotes()->body == "payments-1");
}

TEST_CASE("an order that Envoy rejects is noticed, told of and taken back" *
          doctest::skip(!has_envoy())) {
    Dimmed own;
    std::string spoilt = own.world.text_of("runtime.json");
    spoilt.replace(spoilt.find(R"("layer")"), 0, R"("colour":1,)");
    own.world.edit("runtime.json", spoilt);
    const Outcome outcome = own.dim(250);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("rejected"));
    CHECK(own.world.text_of("runtime.json") == spoilt);
}
