// The way round a cache on a real Envoy: readers are sent to the source and back, the switch ends
// by itself, and what is not declared is left alone.

#include "homeostat/adapters/envoy/envoy_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "envoy_world.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

const SetRoute to_source{CacheId("quotes"), true};
const SetRoute back{CacheId("quotes"), false};

std::string reader_of(EnvoyWorld& world) {
    const Result<net::HttpResponse> answer = world.read_quotes();
    return answer ? answer->body : answer.error().text;
}

RouteFacts route_in(EnvoyWorld& world) {
    const Result<EdgeFacts> facts = world.read();
    REQUIRE(facts);
    REQUIRE(facts->routes.size() == 1);
    CHECK(facts->routes.front().cache == CacheId("quotes"));
    return facts->routes.front();
}

}  // namespace

TEST_CASE("readers go to the source once they are sent there, and back once they are sent back" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    CHECK(reader_of(world) == "payments-0");
    CHECK_FALSE(route_in(world).is_to_source);
    CHECK(world.perform(to_source).kind == OutcomeKind::done);
    CHECK(route_in(world).is_to_source);
    CHECK(reader_of(world) == "payments-1");
    CHECK(world.perform(to_source).kind == OutcomeKind::done);
    CHECK(world.perform(back).kind == OutcomeKind::done);
    CHECK_FALSE(route_in(world).is_to_source);
    CHECK(reader_of(world) == "payments-0");
    CHECK(world.perform(back).kind == OutcomeKind::done);
}

TEST_CASE("the edge says whether the source could take the readers" * doctest::skip(!has_envoy())) {
    EnvoyWorld world(EnvoyWorld::with_checks);
    for (const bool is_well : {true, false, true}) {
        world.p1.set_healthy(is_well);
        net::run_until_for_test(world.context,
                                [&] { return route_in(world).is_source_answering() == is_well; });
    }
}

TEST_CASE("readers that nobody sends back go back by themselves, however much they read" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world(!EnvoyWorld::with_checks, 1s);
    REQUIRE(world.perform(to_source).kind == OutcomeKind::done);
    CHECK(reader_of(world) == "payments-1");
    net::run_until_for_test(world.context, [&] {
        static_cast<void>(world.pass());
        return reader_of(world) == "payments-0";
    });
    CHECK_FALSE(route_in(world).is_to_source);
}

TEST_CASE("a route and a circuit are turned each by itself" * doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    REQUIRE(world.perform(to_source).kind == OutcomeKind::done);
    REQUIRE(world.perform(SetCircuit{ServiceId("fraud"), true}).kind == OutcomeKind::done);
    CHECK(reader_of(world) == "payments-1");
    CHECK(world.call_fraud()->body == "fallback");
    REQUIRE(world.perform(back).kind == OutcomeKind::done);
    CHECK(reader_of(world) == "payments-0");
    CHECK(world.call_fraud()->body == "fallback");
}

TEST_CASE("a cache that is not declared is refused, and nobody is sent anywhere" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    for (const char* name : {"strangers", "", "quotes;quit", "fraud"}) {
        CHECK(world.perform(SetRoute{CacheId(name), true}).kind == OutcomeKind::refused);
    }
    CHECK(reader_of(world) == "payments-0");
}
