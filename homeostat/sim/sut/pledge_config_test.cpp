#include "homeostat/sim/sut/pledge_config.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace homeostat::sim::sut {

namespace {

const std::string usual =
    R"({"self":"cart","signing_seed":")" + std::string(64, '0') +
    R"(","epoch_file":"epoch","neighbours":[{"agent":"payments","key":")" + std::string(64, 'a') +
    R"(","url":"http://127.0.0.1:8080"}],"routes":[{"route":"cart.pay","callee":"payments",)"
    R"("floor_rps":10,"modes":[{"mode":"lean"},{"mode":"bare","depth":2}]}],)"
    R"("limits":{"ttl_ms":2000,"changes_max":5}})";

std::string with(std::string_view from, std::string_view to) {
    std::string text = usual;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a configuration says what the agent is told to be") {
    const Result<PledgeConfig> config = parse_pledge_config(usual);
    REQUIRE(config);
    CHECK(config->settings.self == mesh::AgentId("cart"));
    CHECK(config->settings.routes.at(0).modes.at(1).depth == 2);
    CHECK(config->settings.limits.ttl == std::chrono::seconds{2});
    CHECK(config->settings.limits.changes_max == 5);
    CHECK(config->settings.limits.dwell == mesh::Limits{}.dwell);
    CHECK(config->keyring.at(mesh::AgentId("payments")).at(31) == 0xAA);
    CHECK(net::to_text(config->neighbours.at("payments")) == "127.0.0.1:8080");
}

TEST_CASE("a configuration that cannot be meant is refused") {
    CHECK_FALSE(parse_pledge_config(with("ttl_ms", "ttl")));
    CHECK_FALSE(parse_pledge_config(with(":2000", ":1999")));
    CHECK_FALSE(parse_pledge_config(with(":2000", ":-1")));
    CHECK_FALSE(parse_pledge_config(with("000", "00")));
    CHECK_FALSE(parse_pledge_config(with("aaa", "aag")));
    CHECK_FALSE(parse_pledge_config(with("http://", "ftp://")));
    CHECK_FALSE(parse_pledge_config(with(R"("depth":2)", R"("depth":0)")));
    CHECK_FALSE(parse_pledge_config(with(R"("callee":"payments")", R"("callee":"vault")")));
    CHECK_FALSE(parse_pledge_config(with(R"("self":"cart")", R"("self":"cart","extra":1)")));
}

}  // namespace homeostat::sim::sut
