// The way round a cache on a real HAProxy: readers are sent to the source and back, the switch ends
// by itself, and what is not declared is left alone.

#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

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

const SetRoute to_source{CacheId("quotes"), true};
const SetRoute back{CacheId("quotes"), false};

std::string reader_of(HaproxyWorld& world) {
    const Result<net::HttpResponse> answer = world.read_quotes();
    return answer ? answer->body : answer.error().text;
}

RouteFacts route_in(HaproxyWorld& world) {
    const Result<EdgeFacts> facts = world.read();
    REQUIRE(facts);
    REQUIRE(facts->routes.size() == 1);
    CHECK(facts->routes.front().cache == CacheId("quotes"));
    return facts->routes.front();
}

}  // namespace

TEST_CASE("readers go to the source once they are sent there, and back once they are sent back" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    const std::string by_cache = reader_of(world);
    CHECK_FALSE(route_in(world).is_to_source);
    CHECK(world.perform(to_source).kind == OutcomeKind::done);
    CHECK(route_in(world).is_to_source);
    CHECK(reader_of(world) != by_cache);
    CHECK(world.perform(to_source).kind == OutcomeKind::done);
    CHECK(world.perform(back).kind == OutcomeKind::done);
    CHECK_FALSE(route_in(world).is_to_source);
    CHECK(reader_of(world) == by_cache);
    CHECK(world.perform(back).kind == OutcomeKind::done);
}

TEST_CASE("the edge says whether the source could take the readers" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world(HaproxyWorld::with_checks);
    for (const bool is_well : {true, false, true}) {
        world.p1.set_healthy(is_well);
        net::run_until_for_test(world.context,
                                [&] { return route_in(world).is_source_answering() == is_well; });
    }
}

TEST_CASE("readers that nobody sends back go back by themselves, however much they read" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world(!HaproxyWorld::with_checks, 1s);
    const std::string by_cache = reader_of(world);
    REQUIRE(world.perform(to_source).kind == OutcomeKind::done);
    net::run_until_for_test(world.context, [&] {
        static_cast<void>(route_in(world));
        return reader_of(world) == by_cache;
    });
    CHECK_FALSE(route_in(world).is_to_source);
}

TEST_CASE("a cache that is not declared is refused, and nobody is sent anywhere" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    const std::string by_cache = reader_of(world);
    for (const char* name : {"strangers", "", "quotes;quit", "fraud"}) {
        CHECK(world.perform(SetRoute{CacheId(name), true}).kind == OutcomeKind::refused);
    }
    CHECK(reader_of(world) == by_cache);
}

TEST_CASE("a route whose stick table HAProxy does not have is refused and left out of the facts" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    haproxy::Options options = world.options();
    options.routes.front().table = "strangers";
    haproxy::HaproxyActuator actuator(world.context.get_executor(), options);
    const Outcome outcome = net::run_for_test(
        world.context, actuator.perform(request_for_test(to_source), net::now_for_test() + 2s));
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("strangers"));
    const auto part = net::run_for_test(world.context, actuator.read(net::now_for_test() + 2s));
    REQUIRE(part);
    CHECK(std::get<EdgeFacts>(*part).routes.empty());
    CHECK(std::get<EdgeFacts>(*part).circuits.size() == 1);
}
