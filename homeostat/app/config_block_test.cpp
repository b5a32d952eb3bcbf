#include "homeostat/app/block_sources.hpp"
#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/config_load.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

std::string whole() {
    return with(
        "edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }\n"
        "block_sources:\n"
        "  addresses: block_addresses\n"
        "  networks: block_networks\n"
        "  counts: block_counts\n"
        "  feeds:\n"
        "    - { name: crowdsec, crowdsec: \"http://127.0.0.1:8080\", key: crowdsec.key, "
        "confidence: 90 }\n"
        "  allow: [\"198.51.100.0/24\", \"2001:db8::1\"]\n"
        "autonomy: { block_source: act }\n");
}

/// The whole configuration with one part of it exchanged.
std::string but(std::string_view part, std::string_view other) {
    std::string text = whole();
    const std::size_t at = text.find(part);
    REQUIRE(at != std::string::npos);
    return text.replace(at, part.size(), other);
}

}  // namespace

TEST_CASE("lists of sources are off by default, and watch without a word on autonomy") {
    const ConfigReport none = parse_config(with(""), file_for_test);
    REQUIRE(none.config);
    CHECK_FALSE(none.config->block_sources);
    const ConfigReport watching =
        parse_config(but("autonomy: { block_source: act }\n", ""), file_for_test);
    REQUIRE(watching.config);
    CHECK(watching.config->block_source == Autonomy::watch);
    CHECK_FALSE(immune_settings_of(*watching.config).may_deny);
}

TEST_CASE("what is said of lists becomes the policy, and is written as it was read") {
    const ConfigReport report = parse_config(
        but("  allow:", "  growth_max: 20000\n  on_trial_max: 1%\n  denied_max: 5%\n  allow:"),
        file_for_test);
    REQUIRE(report.config);
    const immune::Settings policy = immune_settings_of(*report.config);
    CHECK(policy.may_deny);
    REQUIRE(policy.feeds.size() == 1);
    CHECK(policy.feeds.front().name == "crowdsec");
    CHECK(policy.feeds.front().confidence == 90);
    CHECK(policy.feeds.front().sources_max == 10'000);
    CHECK(policy.limits.growth_max == 20'000);
    CHECK(policy.limits.on_trial_permille_max == 10);
    CHECK(policy.limits.denied_permille_max == 50);
    REQUIRE(policy.allowed.size() == 2);
    CHECK(to_text(policy.allowed.front()) == "198.51.100.0/24");
    CHECK(report.config->block_sources->feeds.front().key_file == "/srv/shop/crowdsec.key");
}

TEST_CASE("a TAXII collection is a list like any other, asked less often") {
    const ConfigReport report = parse_config(
        but("    - { name: crowdsec, crowdsec: \"http://127.0.0.1:8080\", key: crowdsec.key, "
            "confidence: 90 }\n",
            "    - { name: partner, confidence: 90, taxii: { collection: "
            "\"http://127.0.0.1:8081/api1/collections/7/\", login: partner.login, "
            "confidence_min: 70 } }\n"
            "    - { name: own, confidence: 60, taxii: { collection: "
            "\"http://127.0.0.1:8082/c/\", token: own.token, poll_every: 1s } }\n"),
        file_for_test);
    REQUIRE(report.config);
    const std::vector<BlockFeedConfig>& feeds = report.config->block_sources->feeds;
    REQUIRE(feeds.size() == 2);
    REQUIRE(feeds.front().taxii);
    CHECK(feeds.front().taxii->collection == "http://127.0.0.1:8081/api1/collections/7/");
    CHECK(feeds.front().taxii->login_file == "/srv/shop/partner.login");
    CHECK(feeds.front().taxii->confidence_min == 70);
    CHECK(feeds.back().taxii->token_file == "/srv/shop/own.token");
    const immune::Settings policy = immune_settings_of(*report.config);
    CHECK(policy.feeds.front().poll_every == std::chrono::seconds{60});
    CHECK(policy.feeds.back().poll_every == std::chrono::seconds{1});
    CHECK(policy.feeds.back().confidence == 60);
}

TEST_CASE("at an Envoy sources are marked in its file, and no table is named") {
    const std::string haproxy =
        "edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }";
    const std::string tables =
        "  addresses: block_addresses\n  networks: block_networks\n  counts: block_counts\n";
    std::string text =
        but(haproxy,
            "edge: { envoy: { admin: \"unix:/a\", cluster: b, endpoints: \"p{index}\", "
            "directory: xds } }");
    CHECK(problems_of(text).contains("the edge is an Envoy — leave them out"));
    text.replace(text.find(tables), tables.size(), "");
    const ConfigReport report = parse_config(text, file_for_test);
    REQUIRE(report.config);
    CHECK(report.config->block_sources->addresses.empty());
    CHECK(report.config->envoy);
}

TEST_CASE("each mistake in what is said of lists is named, with its mend") {
    struct Case {
        std::string part;
        std::string other;
        std::string says;
    };
    for (const Case& one : std::vector<Case>{
             {"edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }\n", "",
              "add edge: { haproxy: … }"},
             {"networks: block_networks", "networks: block_counts", "give each its own name"},
             {"http://127.0.0.1:8080", "http://192.0.2.1:8080", "not on this machine"},
             {"http://127.0.0.1:8080", "http://127.0.0.1:8080/v1", "it names a path"},
             {"confidence: 90", "confidence: 79", "never denies anything"},
             {"confidence: 90", "confidence: 101", "100"},
             {"crowdsec: \"http://127.0.0.1:8080\", key: crowdsec.key, ", "", "names no list"},
             {"key: crowdsec.key, ", "", "lacks its key"},
             {"key: crowdsec.key, ", "key: k, taxii: { collection: \"http://127.0.0.1:1/c/\" }, ",
              "make two lists of it"},
             {"crowdsec: \"http://127.0.0.1:8080\", ",
              "taxii: { collection: \"http://127.0.0.1:1/c/\" }, ",
              "write login or token under taxii"},
             {"crowdsec: \"http://127.0.0.1:8080\", key: crowdsec.key, ",
              "taxii: { collection: \"http://127.0.0.1:1/c/\", login: l, token: t }, ",
              "keep the one that its server asks for"},
             {"crowdsec: \"http://127.0.0.1:8080\", key: crowdsec.key, ",
              "taxii: { collection: \"http://192.0.2.1:1/c/\" }, ", "a tunnel ends in one"},
             {"crowdsec: \"http://127.0.0.1:8080\", key: crowdsec.key, ",
              "taxii: { collection: \"http://127.0.0.1:1/c\" }, ", "ends in a slash"},
             {"crowdsec: \"http://127.0.0.1:8080\", key: crowdsec.key, ", "taxii: { login: l }, ",
              "collection"},
             {"198.51.100.0/24", "198.51.100.7/24", "it has bits behind its prefix"},
             {"198.51.100.0/24", "partner.example", "neither an IPv4 nor an IPv6 address"},
             {"block_source: act", "block_source: ask", "nobody can be asked"},
             {"  allow:", "  denied_max: 0.01%\n  allow:", "write 0.1% or more"},
             {"  allow:", "  growth_max: 0\n  allow:", "growth_max"},
             {"  counts: block_counts\n", "", "counts are three tables"},
             {"confidence: 90 }\n",
              "confidence: 90 }\n    - { name: crowdsec, crowdsec: \"http://127.0.0.1:8081\", "
              "key: k }\n",
              "stands twice"}}) {
        CAPTURE(one.other);
        const std::string told = problems_of(but(one.part, one.other));
        CAPTURE(told);
        CHECK(told.contains(one.says));
    }
}

}  // namespace homeostat::app
