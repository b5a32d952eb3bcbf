#include "homeostat/adapters/taxii/envelope.hpp"

#include "homeostat/adapters/taxii/indicator_for_test.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

namespace homeostat::adapters::taxii {

using namespace std::chrono_literals;

namespace {

/// Of an indicator that somebody has changed.
std::optional<Indicator> read(const std::function<void(json::object&)>& change,
                              std::uint32_t confidence_min = 0) {
    json::object object = indicator_for_test(7, "[ipv4-addr:value = '192.0.2.7']");
    change(object);
    return parse_indicator(json::value(object), confidence_min);
}

Claim claim_of(const std::function<void(json::object&)>& change, std::uint32_t confidence_min = 0) {
    const std::optional<Indicator> indicator = read(change, confidence_min);
    REQUIRE(indicator);
    return indicator->claim;
}

}  // namespace

TEST_CASE("an indicator lists its addresses from its beginning to its end") {
    const std::optional<Indicator> indicator = read([](json::object&) {});
    REQUIRE(indicator);
    CHECK(indicator->claim == Claim::lists);
    CHECK(indicator->id == "indicator--00000000-0000-4000-8000-000000000007");
    REQUIRE(indicator->networks.size() == 1);
    CHECK(to_text(indicator->networks.front()) == "192.0.2.7");
    CHECK(indicator->from == noon_for_test() - 1h);
    CHECK(indicator->until == noon_for_test() + 2h);
    CHECK(indicator->reason == "brute_force__ssh");
}

TEST_CASE("an indicator without an end is believed for a day after its last change") {
    const auto without_end = [](json::object& object) { object.erase("valid_until"); };
    CHECK(read(without_end)->until == noon_for_test() - 1h + lasts_default);
    const auto later = [](json::object& object) {
        object.erase("valid_until");
        object["valid_from"] = "2026-11-27T13:00:00Z";
    };
    CHECK(read(later)->until == noon_for_test() + 1h + lasts_default);
}

TEST_CASE("an indicator that is not understood, or says what is harmless, lists nothing") {
    using Change = std::function<void(json::object&)>;
    for (const Change& change : std::vector<Change>{
             [](json::object& one) { one["pattern"] = "[domain-name:value = 'a.example']"; },
             [](json::object& one) { one.erase("pattern"); },
             [](json::object& one) { one["pattern_type"] = "snort"; },
             [](json::object& one) { one.erase("pattern_type"); },
             [](json::object& one) { one["indicator_types"] = json::array{"benign"}; },
             [](json::object& one) { one["indicator_types"] = json::array{"unknown", "benign"}; },
             [](json::object& one) { one["indicator_types"] = "malicious-activity"; },
             [](json::object& one) { one["indicator_types"] = json::array{7}; },
             [](json::object& one) { one["confidence"] = "90"; },
             [](json::object& one) { one["confidence"] = 90.5; },
             [](json::object& one) { one["confidence"] = 101; },
             [](json::object& one) { one["confidence"] = -1; },
             [](json::object& one) { one["revoked"] = "false"; },
             [](json::object& one) { one.erase("valid_from"); },
             [](json::object& one) { one["valid_from"] = "yesterday"; },
             [](json::object& one) { one["valid_until"] = "2026-11-27T14:00:00+02:00"; },
             [](json::object& one) { one["valid_until"] = nullptr; },
             [](json::object& one) { one["valid_until"] = one["valid_from"]; }}) {
        json::object object;
        change(object);
        CAPTURE(to_text(json::value(object)));
        CHECK(claim_of(change) == Claim::not_read);
    }
}

TEST_CASE("an indicator under the floor of confidence lists nothing, nor one that tells none") {
    const auto of = [](int confidence) {
        return [confidence](json::object& one) { one["confidence"] = confidence; };
    };
    CHECK(claim_of(of(70), 70) == Claim::lists);
    CHECK(claim_of(of(69), 70) == Claim::not_read);
    CHECK(claim_of(of(0), 0) == Claim::lists);
    CHECK(claim_of([](json::object&) {}, 1) == Claim::not_read);
    CHECK(claim_of([](json::object&) {}, 0) == Claim::lists);
}

TEST_CASE("a revoked indicator is one, whatever else it says") {
    CHECK(claim_of([](json::object& one) {
              one["revoked"] = true;
              one["confidence"] = 1;
              one.erase("valid_from");
          }) == Claim::revoked);
    CHECK(claim_of([](json::object& one) { one["revoked"] = false; }) == Claim::lists);
}

TEST_CASE("what is no indicator of STIX 2.1 is none") {
    using Change = std::function<void(json::object&)>;
    for (const Change& change :
         std::vector<Change>{[](json::object& one) { one["type"] = "malware"; },
                             [](json::object& one) { one["spec_version"] = "2.0"; },
                             [](json::object& one) { one.erase("spec_version"); },
                             [](json::object& one) { one["id"] = "indicator--7"; },
                             [](json::object& one) { one["id"] = 7; },
                             [](json::object& one) {
                                 one["id"] = "indicator--00000000-0000-4000-8000-00000000000;";
                             },
                             [](json::object& one) { one.erase("modified"); },
                             [](json::object& one) { one["modified"] = "2026-13-01T00:00:00Z"; }}) {
        CHECK_FALSE(read(change));
    }
    CHECK_FALSE(parse_indicator(json::value(7), 0));
}

TEST_CASE("a page tells what it holds, what it skips, and where the next one is") {
    json::object envelope;
    envelope["more"] = true;
    envelope["next"] = "17";
    envelope["objects"] =
        json::array{indicator_for_test(1, pattern_for_test("192.0.2.1")),
                    indicator_for_test(2, "[domain-name:value = 'a.example']"), 7};
    const Result<Page> page = parse_envelope(to_text(json::value(envelope)), 0);
    REQUIRE(page);
    CHECK(page->indicators.size() == 2);
    CHECK(page->skipped == 2);
    CHECK(page->has_more);
    CHECK(page->next == "17");
    const Result<Page> empty = parse_envelope("{}", 0);
    REQUIRE(empty);
    CHECK(empty->indicators.empty());
    CHECK_FALSE(empty->has_more);
}

TEST_CASE("an envelope of another shape is refused as a whole") {
    for (const std::string text :
         {"", "null", "[]", "<html>", R"({"title":"Forbidden"})", R"({"objects":{}})",
          R"({"objects":null})", R"({"more":"yes","objects":[]})", R"({"next":7,"objects":[]})",
          R"({"objects":[],"objects":[]})", R"({"objects":[])"}) {
        CAPTURE(text);
        const Result<Page> page = parse_envelope(text, 0);
        REQUIRE_FALSE(page);
        CHECK(page.error().fault == Fault::broken);
    }
    CHECK_FALSE(parse_envelope(std::string(page_bytes_max + 1, ' '), 0));
    const std::string next(next_bytes_max, 'n');
    CHECK(parse_envelope(R"({"next":")" + next + "\"}", 0));
    CHECK_FALSE(parse_envelope(R"({"next":")" + next + "n\"}", 0));
}

}  // namespace homeostat::adapters::taxii
