#include "homeostat/adapters/crowdsec/decisions.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <string>

namespace homeostat::adapters::crowdsec {

using namespace std::chrono_literals;

namespace {

FeedUpdate of(const std::string& text) {
    const Result<FeedUpdate> update = parse_decisions(text);
    REQUIRE_MESSAGE(update, text);
    return *update;
}

}  // namespace

TEST_CASE("decisions become listings, and what has ended is removed") {
    // As CrowdSec 1.4.6 answers.
    const FeedUpdate update =
        of(R"({"deleted":[{"duration":"-1m2s","id":3,"origin":"cscli","scenario":"x","scope":"Ip",)"
           R"("type":"ban","value":"192.0.2.9"}],"new":[{"duration":"3h59m59.344689893s","id":1,)"
           R"("origin":"cscli","scenario":"manual 'ban' from 'm1'","scope":"Ip","type":"ban",)"
           R"("value":"192.0.2.66"},{"duration":"1h","id":2,"origin":"lists","scenario":)"
           R"("crowdsecurity/ssh-bf","scope":"Range","type":"ban","value":"2001:db8:1:2::/64"}]})");
    REQUIRE(update.listed.size() == 2);
    CHECK(to_text(update.listed[0].network) == "192.0.2.66");
    CHECK(update.listed[0].reason == "manual__ban__from__m1_");
    CHECK(update.listed[0].lasts == 4h - 1s + 344689893ns);
    CHECK(to_text(update.listed[1].network) == "2001:db8:1:2::/64");
    CHECK(update.listed[1].reason == "crowdsecurity/ssh-bf");
    CHECK(update.listed[1].lasts == 1h);
    REQUIRE(update.removed.size() == 1);
    CHECK(to_text(update.removed[0]) == "192.0.2.9");
    CHECK(update.skipped == 0);
}

TEST_CASE("nothing new is null, and an API that has grown is read as before") {
    CHECK(of(R"({"deleted":null,"new":null})") == FeedUpdate{});
    const FeedUpdate update =
        of(R"({"deleted":[],"links":{"a":[1]},"new":[{"uuid":"u","until":"2030","simulated":false,)"
           R"("scope":"ip","type":"ban","value":"192.0.2.1"}]})");
    REQUIRE(update.listed.size() == 1);
    CHECK_FALSE(update.listed[0].lasts);
    CHECK(update.listed[0].reason.empty());
}

TEST_CASE("what is no ban of an address, or cannot be read, is skipped and counted") {
    for (const std::string decision :
         {R"({"scope":"Ip","type":"captcha","value":"192.0.2.1"})",
          R"({"scope":"Country","type":"ban","value":"XX"})",
          R"({"scope":"AS","type":"ban","value":"64496"})",
          R"({"scope":"Ip","type":"ban","value":"192.0.2.256"})",
          R"({"scope":"Ip","type":"ban","value":"192.0.2.1;quit"})",
          R"({"scope":"Ip","type":"ban","value":7})", R"({"scope":"Ip","type":"ban"})",
          R"({"scope":"Ip","type":"ban","value":"192.0.2.1","duration":"soon"})",
          R"({"scope":"Ip","type":"ban","value":"192.0.2.1","duration":7})",
          R"({"scope":"Ip","type":"ban","value":"192.0.2.1","simulated":true})", "7", "null",
          R"("192.0.2.1")", "[]"}) {
        CAPTURE(decision);
        const FeedUpdate update = of(fmt::format(
            R"({{"deleted":[{0}],"new":[{0},{{"scope":"Ip","type":"ban","value":"192.0.2.2"}}]}})",
            decision));
        CHECK(update.skipped == 1);
        CHECK(update.listed.size() == 1);
    }
}

TEST_CASE("a document of another shape is refused as a whole") {
    for (const std::string text :
         {"", "null", "[]", "{}", R"({"new":null})", R"({"deleted":null})",
          R"({"new":{},"deleted":null})", R"({"new":null,"deleted":"all"})",
          R"({"new":null,"new":null,"deleted":null})", R"({"new":null,"deleted":null)",
          R"({"message":"access forbidden"})", "<html>"}) {
        CAPTURE(text);
        const Result<FeedUpdate> update = parse_decisions(text);
        REQUIRE_FALSE(update);
        CHECK(update.error().fault == Fault::broken);
    }
    CHECK_FALSE(parse_decisions(std::string(reply_bytes_max + 1, ' ')));
}

TEST_CASE("durations are read as Go writes them, and never without a bound") {
    struct Case {
        std::string text;
        std::optional<Duration> span;
    };
    for (const Case& one : std::vector<Case>{{"3h59m57s", 4h - 3s},
                                             {"1.5s", 1500ms},
                                             {"500ms", 500ms},
                                             {"2us", 2us},
                                             {"2\xc2\xb5s", 2us},
                                             {"0s", 0s},
                                             {"-1m", -60s},
                                             {"87600h0m0s", 87600h},
                                             {"9999999999999h", std::chrono::seconds{1000000000}},
                                             {"", std::nullopt},
                                             {"-", std::nullopt},
                                             {"5", std::nullopt},
                                             {"h", std::nullopt},
                                             {"5d", std::nullopt},
                                             {"1h ", std::nullopt},
                                             {"--1h", std::nullopt},
                                             {"1h-1m", std::nullopt},
                                             {"infs", std::nullopt},
                                             {"nans", std::nullopt}}) {
        CAPTURE(one.text);
        CHECK(parse_duration(one.text) == one.span);
    }
}

}  // namespace homeostat::adapters::crowdsec
