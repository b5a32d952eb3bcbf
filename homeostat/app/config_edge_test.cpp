#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/edge.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

struct Case {
    std::string what;
    std::string text;
    std::string problems;
};

std::string envoy_for_test(const std::string& endpoints) {
    return "edge: { envoy: { admin: \"127.0.0.1:1\", cluster: c, endpoints: " + endpoints +
           ", directory: d } }\n";
}

}  // namespace

TEST_CASE("an Envoy is an edge like another, its files beside the configuration") {
    const ConfigReport report = parse_config(std::string(beginning_for_test) + R"(
edge:
  envoy: { admin: "127.0.0.1:9901", cluster: payments, endpoints: "p{index}", directory: xds }
neighbours: [ { service: fraud, backend: fraud, circuit: homeostat.circuit.fraud } ]
autonomy: { eject: act, open_circuit: act }
)",
                                             file_for_test);
    REQUIRE(report.config);
    const Config& config = *report.config;
    CHECK(config.has_edge());
    CHECK_FALSE(config.haproxy);
    REQUIRE(config.envoy);
    CHECK(config.envoy->admin == "127.0.0.1:9901");
    CHECK(config.envoy->cluster == "payments");
    CHECK(config.envoy->endpoints == std::vector<std::string>{"p0", "p1", "p2"});
    CHECK(config.envoy->directory == "/srv/shop/xds");
    const Result<adapters::envoy::Options> options = envoy_options_of(config);
    REQUIRE(options);
    CHECK(options->override_lasts > config.hold_for);
    CHECK(options->neighbours.front().circuit == "homeostat.circuit.fraud");
    CHECK(options->endpoints.back().hostname == "p2");
}

TEST_CASE("an edge that is none, or two, or not one that Envoy can be, is refused") {
    for (
        const Case& one : std::vector<Case>{
            {"two edges",
             with("edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" },\n"
                  "        envoy: { admin: \"127.0.0.1:1\", cluster: c, endpoints: \"p{index}\", "
                  "directory: d } }\n"),
             "5:1: edge: both haproxy and envoy — keep one of both\n"},
            {"an edge that is none", with("edge: {}\n"),
             "5:1: edge: neither haproxy nor envoy — write one, or leave edge out\n"},
            {"an endpoint too few", with(envoy_for_test("[p0, p1]")),
             "5:52: edge.envoy.endpoints: 2 endpoints for 3 instances — write one for each, or one "
             "with {index} in it\n"},
            {"an admin that is no address",
             with("edge: { envoy: { admin: envoy, cluster: c, endpoints: \"p{index}\", directory: "
                  "d } "
                  "}\n"),
             "5:25: edge.envoy.admin: 'envoy' is not an address with a port — write one as in "
             "127.0.0.1:6379, or unix:/run/redis.sock\n"},
            {"a stick table at Envoy",
             with(envoy_for_test("\"p{index}\"") +
                  "neighbours: [ { service: a, backend: a, circuit: circuits } ]\n"),
             "6:1: neighbours: 'circuits' is no runtime key for Envoy — write one that begins with "
             "homeostat., as in homeostat.circuit.fraud\n"},
            {"one runtime key for two circuits",
             with(envoy_for_test("\"p{index}\"") +
                  "neighbours: [ { service: a, backend: a, circuit: homeostat.x },\n"
                  "              { service: b, backend: b, circuit: homeostat.x } ]\n"),
             "5:9: edge.envoy: the runtime key 'homeostat.x' stands twice — each circuit, "
             "dimmer and reroute has its own\n"},
        }) {
        CAPTURE(one.what);
        CHECK(problems_of(one.text) == one.problems);
    }
}

}  // namespace homeostat::app
