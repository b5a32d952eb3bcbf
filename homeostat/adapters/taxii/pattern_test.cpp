#include "homeostat/adapters/taxii/pattern.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

namespace homeostat::adapters::taxii {

namespace {

std::string read(std::string_view pattern) {
    std::string text;
    for (const Network& network : parse_pattern(pattern)) {
        text += (text.empty() ? "" : " ") + to_text(network);
    }
    return text;
}

}  // namespace

TEST_CASE("a pattern about addresses alone is read") {
    struct Case {
        std::string pattern;
        std::string networks;
    };
    for (const Case& one :
         std::vector<Case>{{"[ipv4-addr:value = '192.0.2.7']", "192.0.2.7"},
                           {"[ipv6-addr:value = '2001:db8::7']", "2001:db8::7"},
                           {"[ipv4-addr:value='192.0.2.7']", "192.0.2.7"},
                           {" [\tipv4-addr:value\n=\r\n'192.0.2.7' ] ", "192.0.2.7"},
                           {"[ipv4-addr:value = '192.0.2.0/24']", "192.0.2.0/24"},
                           {"[ipv4-addr:value ISSUBSET '192.0.2.0/25']", "192.0.2.0/25"},
                           {"[ipv6-addr:value ISSUBSET '2001:db8:1:2::/64']", "2001:db8:1:2::/64"},
                           {"[ipv4-addr:value = '192.0.2.7' OR ipv4-addr:value = '192.0.2.8']",
                            "192.0.2.7 192.0.2.8"},
                           {"[ipv4-addr:value = '192.0.2.7'] OR [ipv6-addr:value = '2001:db8::7']",
                            "192.0.2.7 2001:db8::7"}}) {
        CAPTURE(one.pattern);
        CHECK(read(one.pattern) == one.networks);
    }
}

TEST_CASE("a pattern that says anything else is not understood as a whole") {
    for (const std::string pattern :
         {"",
          " ",
          "[]",
          "[ipv4-addr:value = '192.0.2.7'",
          "ipv4-addr:value = '192.0.2.7'",
          "[ipv4-addr:value = '192.0.2.7]",
          "[ipv4-addr:value = \"192.0.2.7\"]",
          "[ipv4-addr:value = 192.0.2.7]",
          "[ipv4-addr:value == '192.0.2.7']",
          "[ipv4-addr:value != '192.0.2.7']",
          "[NOT ipv4-addr:value = '192.0.2.7']",
          "[ipv4-addr:value NOT = '192.0.2.7']",
          "[ipv4-addr:value > '192.0.2.7']",
          "[ipv4-addr:value LIKE '192.0.2.%']",
          "[ipv4-addr:value MATCHES '.*']",
          "[ipv4-addr:value ISSUPERSET '192.0.2.0/24']",
          "[ipv4-addr:value issubset '192.0.2.0/24']",
          "[ipv4-addr:value IN ('192.0.2.7')]",
          "[(ipv4-addr:value = '192.0.2.7')]",
          "[ipv4-addr:value = '192.0.2.7' AND ipv4-addr:value = '192.0.2.8']",
          "[ipv4-addr:value = '192.0.2.7'] AND [ipv4-addr:value = '192.0.2.8']",
          "[ipv4-addr:value = '192.0.2.7'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.8']",
          "[ipv4-addr:value = '192.0.2.7'] WITHIN 5 SECONDS",
          "[ipv4-addr:value = '192.0.2.7'] REPEATS 5 TIMES",
          "[ipv4-addr:value = '192.0.2.7' OR domain-name:value = 'a.example']",
          "[ipv4-addr:value = '192.0.2.7'] OR [url:value = 'http://a.example/']",
          "[ipv4-addr:value = '192.0.2.7'] OR",
          "[ipv4-addr:value = '192.0.2.7' OR]",
          "[ipv4-addr:value = '192.0.2.7' ORipv4-addr:value = '192.0.2.8']",
          "[ipv4-addr:value = '192.0.2.7'] or [ipv4-addr:value = '192.0.2.8']",
          "[ipv4-addr:value = '192.0.2.7'] [ipv4-addr:value = '192.0.2.8']",
          "[ipv4-addr:value = '192.0.2.7'] /* and more */",
          "[network-traffic:dst_ref.value = '192.0.2.7']",
          "[ipv4-addr:resolves_to_refs[*].value = '192.0.2.7']",
          "[ipv4-addr:value = '192.0.2.256']",
          "[ipv4-addr:value = '192.0.2.7/24']",
          "[ipv4-addr:value = '192.0.2.7\\'']",
          "[ipv4-addr:value = '']",
          "[ipv4-addr:value = '2001:db8::7']",
          "[ipv6-addr:value = '192.0.2.7']",
          "[ipv6-addr:value = '::ffff:192.0.2.7']"}) {
        CAPTURE(pattern);
        CHECK(read(pattern).empty());
    }
}

TEST_CASE("a pattern of more addresses or bytes than may be is not understood") {
    const std::string one = "[ipv4-addr:value = '192.0.2.7']";
    std::string pattern = one;
    for (std::size_t count = 1; count < pattern_networks_max; ++count) {
        pattern += " OR ";
        pattern += one;
    }
    CHECK(parse_pattern(pattern).size() == pattern_networks_max);
    CHECK(parse_pattern(fmt::format("{} OR {}", pattern, one)).empty());
    CHECK(parse_pattern(one + std::string(pattern_bytes_max - one.size(), ' ')).size() == 1);
    CHECK(parse_pattern(one + std::string(pattern_bytes_max, ' ')).empty());
}

}  // namespace homeostat::adapters::taxii
