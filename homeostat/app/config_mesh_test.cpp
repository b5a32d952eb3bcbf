#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/app/mesh_place.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

const std::string key_of_fraud(64, 'a');
const std::string key_of_shop(64, 'b');

std::string whole() {
    return with(
        "edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }\n"
        "neighbours:\n"
        "  - service: fraud\n"
        "    backend: fraud\n"
        "    dimmer: dimmers\n"
        "    agent: { url: \"http://127.0.0.1:7072\", key: " +
        key_of_fraud +
        " }\n"
        "    reduced_modes:\n"
        "      - { mode: sampled, users_lose: \"some checks\" }\n"
        "      - { mode: none, users_lose: \"all checks\" }\n"
        "    floor: 20\n"
        "mesh:\n"
        "  listen: \"127.0.0.1:7071\"\n"
        "  capacity: 400\n"
        "  callers: [ { service: shop, agent: { url: \"http://127.0.0.1:7073\", key: " +
        key_of_shop +
        " }, modes: [lean] } ]\n"
        "autonomy: { reduce_mode: act }\n");
}

Config config_of(const std::string& text) {
    const ConfigReport report = parse_config(text, file_for_test);
    REQUIRE(report.config);
    return *report.config;
}

/// A configuration with one part of it exchanged.
std::string but(std::string text, std::string_view part, std::string_view other) {
    const std::size_t at = text.find(part);
    REQUIRE(at != std::string::npos);
    return text.replace(at, part.size(), other);
}

std::string but(std::string_view part, std::string_view other) {
    return but(whole(), part, other);
}

}  // namespace

TEST_CASE("what neighbours can agree on becomes routes, callers, keys and dimmers") {
    const Config config = config_of(whole());
    CHECK(config.reduce_mode == Autonomy::act);
    CHECK(config.mesh->key_file == "/srv/shop/var/payments/mesh.key");
    CHECK(config.mesh->mode_file.empty());
    const Result<mesh::Settings> settings = mesh_settings_of(config);
    REQUIRE(settings);
    CHECK(settings->self.text() == "payments");
    CHECK(settings->neighbours.size() == 2);
    REQUIRE(settings->routes.size() == 1);
    CHECK(settings->routes.front().callee.text() == "fraud");
    CHECK(settings->routes.front().floor_rps == 20);
    REQUIRE(settings->routes.front().modes.size() == 2);
    CHECK(settings->routes.front().modes.back().id.text() == "none");
    CHECK(settings->routes.front().modes.back().depth == 2);
    REQUIRE(settings->callers.size() == 1);
    CHECK(settings->callers.front().route.text() == "payments");
    CHECK(to_hex(keyring_of(config).at(mesh::AgentId("shop"))) == key_of_shop);
    CHECK(dimmed_neighbours_of(config).at(mesh::RouteId("fraud")) == ServiceId("fraud"));
    CHECK(dimmer_limits_of(config).front().floor_rps == 20);
    CHECK(peers_of(config)->size() == 2);
    CHECK(haproxy_options_of(config)->neighbours.front().dimmer == "dimmers");
    CHECK(mesh_drawing(config) ==
          "flowchart LR\n"
          "    payments[\"payments\"]\n"
          "    payments -->|\"sampled, none\"| fraud[\"fraud\"]\n"
          "    shop[\"shop\"] -->|\"lean\"| payments\n");
}

TEST_CASE("the agent of a neighbour may be on another machine") {
    for (const std::string_view url : {"http://10.0.0.7:7072", "http://[2001:db8::7]:7072"}) {
        CAPTURE(url);
        for (const std::string_view listen : {"10.0.0.6:7071", "0.0.0.0:7071"}) {
            const Config config =
                config_of(but(but("http://127.0.0.1:7072", url), "127.0.0.1:7071", listen));
            CHECK(peers_of(config).value().at("fraud") == net::parse_endpoint(url)->endpoint);
        }
    }
}

TEST_CASE("who listens to its own machine only has no neighbour on another one") {
    constexpr std::string_view problem = "mesh.listen: a neighbour is on another machine";
    for (const std::string_view near : {"http://127.0.0.1:7072", "http://127.0.0.1:7073"}) {
        CAPTURE(near);
        const std::string far = but(near, "http://10.0.0.7:7072");
        CHECK(problems_of(far).find(problem) != std::string::npos);
        const std::string other_loopback = but(far, "127.0.0.1:7071", "[::1]:7071");
        CHECK(problems_of(other_loopback).find(problem) != std::string::npos);
    }
    CHECK(problems_of(whole()).empty());
}

TEST_CASE("without a word about it nothing is agreed on, and nothing done") {
    const Config config = config_of(std::string(beginning_for_test));
    CHECK_FALSE(config.mesh);
    CHECK(config.reduce_mode == Autonomy::watch);
}

TEST_CASE("what could not be agreed on, kept or believed is refused with its mend") {
    struct Case {
        std::string text;
        std::string problem;  ///< Part of it.
    };
    for (const Case& one : std::vector<Case>{
             {but("    dimmer: dimmers\n", ""), "fraud: a mode is in force at the edge"},
             {but("    reduced_modes:\n"
                  "      - { mode: sampled, users_lose: \"some checks\" }\n"
                  "      - { mode: none, users_lose: \"all checks\" }\n",
                  ""),
              "fraud: an agent, and nothing to agree on"},
             {but("mode: none", "mode: sampled"), "fraud: the mode 'sampled' stands twice"},
             {but("mode: none", "mode: a_name_of_more_than_24_bytes"), "mode"},
             {but(key_of_fraud, "abc"), "no public key — write the 64 digits"},
             {but("http://127.0.0.1:7072", "http://127.0.0.1:7072/v1"), "it names a path"},
             {but("http://127.0.0.1:7072", "http://fraud:7072"), "names are not resolved"},
             {but("  capacity: 400\n", ""), "mesh: callers, and nothing to share among them"},
             {but("service: shop", "service: payments"), "'payments' is the guarded service"},
             {but("service: shop", "service: fraud"), "'fraud' has another agent under neighbours"},
             {but("reduce_mode: act", "reduce_mode: ask"), "so nobody can be asked"},
             {but("listen: \"127.0.0.1:7071\"", "listen: here"), "is not an address"},
             {but("listen: \"127.0.0.1:7071\"", "listen: unix:/run/mesh"),
              "mesh.listen: neighbours are on other machines"},
             {with("neighbours: [ { service: fraud, backend: fraud, dimmer: dimmers } ]\n"),
              "fraud: a reduced mode is agreed on with an agent"},
             {with("mesh: { listen: \"127.0.0.1:7071\" }\n"),
              "mesh: modes are in force at the edge only"},
         }) {
        CAPTURE(one.text);
        const std::string problems = problems_of(one.text);
        CAPTURE(problems);
        CHECK(problems.find(one.problem) != std::string::npos);
    }
}

TEST_CASE("at Envoy a dimmer is a runtime key of ours, and no other's") {
    const auto at_envoy = [](const std::string& dimmer) {
        std::string text = whole();
        const std::string haproxy = "haproxy: { socket: s, backend: b, servers: \"p{index}\" }";
        text.replace(text.find(haproxy), haproxy.size(),
                     "envoy: { admin: \"127.0.0.1:1\", cluster: c, endpoints: \"p{index}\", "
                     "directory: d }");
        return text.replace(text.find("dimmer: dimmers"), 15, "dimmer: " + dimmer);
    };
    CHECK(problems_of(at_envoy("dimmers")).find("'dimmers' is no runtime key") !=
          std::string::npos);
    const Config config = config_of(at_envoy("homeostat.dimmer.fraud"));
    CHECK(envoy_options_of(config)->neighbours.front().dimmer == "homeostat.dimmer.fraud");
}

}  // namespace homeostat::app
