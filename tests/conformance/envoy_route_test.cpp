// The way round a cache on a real Envoy: readers are sent to the source and back, the switch ends
// by itself, and what is not declared is left alone.

#include "homeostat/adapters/envoy/envoy_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "envoy_world.hpp"
#include "proxy_conformance.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

TEST_CASE("Envoy keeps what every proxy promises of a way round a cache" *
          doctest::skip(!has_envoy())) {
    check_route_conformance<EnvoyWorld>();
}
