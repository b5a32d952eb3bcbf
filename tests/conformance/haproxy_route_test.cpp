// The way round a cache on a real HAProxy: readers are sent to the source and back, the switch ends
// by itself, and what is not declared is left alone.

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

TEST_CASE("HAProxy keeps what every proxy promises of a way round a cache" *
          doctest::skip(!has_haproxy())) {
    check_route_conformance<HaproxyWorld>();
}

TEST_CASE("a route whose stick table HAProxy does not have is refused and left out of the facts" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    haproxy::Options options = world.options();
    options.routes.front().table = "strangers";
    haproxy::HaproxyActuator actuator(world.context.get_executor(), options);
    const Outcome outcome = net::run_for_test(
        world.context, actuator.perform(request_for_test(to_source()), net::now_for_test() + 2s));
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("strangers"));
    const auto part = net::run_for_test(world.context, actuator.read(net::now_for_test() + 2s));
    REQUIRE(part);
    CHECK(std::get<EdgeFacts>(*part).routes.empty());
    CHECK(std::get<EdgeFacts>(*part).circuits.size() == 1);
}
