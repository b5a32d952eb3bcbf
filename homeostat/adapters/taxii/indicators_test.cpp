#include "homeostat/adapters/taxii/indicators.hpp"

#include "homeostat/adapters/taxii/indicator_for_test.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace homeostat::adapters::taxii {

using namespace std::chrono_literals;

namespace {

Indicator indicator(int number, std::string_view address) {
    const json::object object = indicator_for_test(number, pattern_for_test(address));
    return parse_indicator(json::value(object), 0).value();
}

/// The next version of it.
Indicator changed(Indicator indicator) {
    indicator.modified += 1min;
    return indicator;
}

/// "+192.0.2.1 -192.0.2.2"
std::string told(Indicators& indicators, WallTime now = noon_for_test()) {
    const FeedUpdate update = indicators.changes(now);
    std::string text;
    for (const Listing& listing : update.listed) {
        text += (text.empty() ? "+" : " +") + to_text(listing.network);
    }
    for (const Network& network : update.removed) {
        text += (text.empty() ? "-" : " -") + to_text(network);
    }
    return text;
}

void take(Indicators& indicators, const Indicator& indicator) {
    indicators.take(indicator, noon_for_test());
}

}  // namespace

TEST_CASE("an address is listed until its indicator ends, and told once") {
    Indicators indicators;
    take(indicators, indicator(1, "192.0.2.1"));
    const FeedUpdate update = indicators.changes(noon_for_test());
    REQUIRE(update.listed.size() == 1);
    CHECK(to_text(update.listed.front().network) == "192.0.2.1");
    CHECK(update.listed.front().lasts == Duration(2h));
    CHECK(update.listed.front().reason == "brute_force__ssh");
    CHECK(indicators.changes(noon_for_test()) == FeedUpdate{});
}

TEST_CASE("a newer version takes the place of the older one, and an older one changes nothing") {
    Indicators indicators;
    const Indicator first = indicator(1, "192.0.2.1");
    take(indicators, first);
    CHECK(told(indicators) == "+192.0.2.1");
    take(indicators, changed(indicator(1, "192.0.2.2")));
    CHECK(told(indicators) == "+192.0.2.2 -192.0.2.1");
    take(indicators, first);
    CHECK(told(indicators).empty());
    CHECK(indicators.count() == 1);
}

TEST_CASE("what is revoked, not understood any more or over is removed") {
    for (const auto& change : {+[](Indicator& one) { one.claim = Claim::revoked; },
                               +[](Indicator& one) { one.claim = Claim::not_read; },
                               +[](Indicator& one) { one.until = noon_for_test(); }}) {
        Indicators indicators;
        take(indicators, indicator(1, "192.0.2.1"));
        CHECK(told(indicators) == "+192.0.2.1");
        Indicator next = changed(indicator(1, "192.0.2.1"));
        change(next);
        take(indicators, next);
        CHECK(told(indicators) == "-192.0.2.1");
        CHECK(indicators.count() == 0);
    }
}

TEST_CASE("what is revoked is removed, also by a version that was never seen") {
    Indicators indicators;
    Indicator revoked = indicator(1, "192.0.2.1");
    revoked.claim = Claim::revoked;
    take(indicators, revoked);
    CHECK(told(indicators) == "-192.0.2.1");
}

TEST_CASE("an address that two indicators are about is listed until the last of them ends") {
    Indicators indicators;
    Indicator shorter = indicator(1, "192.0.2.1");
    shorter.until = noon_for_test() + 1h;
    take(indicators, indicator(2, "192.0.2.1"));
    take(indicators, shorter);
    CHECK(indicators.changes(noon_for_test()).listed.front().lasts == Duration(2h));
    Indicator revoked = changed(indicator(2, "192.0.2.1"));
    revoked.claim = Claim::revoked;
    take(indicators, revoked);
    const FeedUpdate update = indicators.changes(noon_for_test());
    REQUIRE(update.listed.size() == 1);
    CHECK(update.removed.empty());
    CHECK(update.listed.front().lasts == Duration(1h));
}

TEST_CASE("an indicator of tomorrow lists nothing until then") {
    Indicators indicators;
    Indicator later = indicator(1, "192.0.2.1");
    later.from = noon_for_test() + 1h;
    take(indicators, later);
    CHECK(told(indicators) == "-192.0.2.1");
    CHECK(told(indicators, later.from - 1ms).empty());
    CHECK(told(indicators, later.from) == "+192.0.2.1");
    SUBCASE("and none at all once it is revoked") {
        Indicator revoked = changed(later);
        revoked.claim = Claim::revoked;
        take(indicators, revoked);
        CHECK(told(indicators, later.from) == "-192.0.2.1");
    }
}

TEST_CASE("an end in the year 9999 is a bounded time away") {
    Indicators indicators;
    Indicator forever = indicator(1, "192.0.2.1");
    forever.until = parse_timestamp("9999-12-31T23:59:59Z").value();
    take(indicators, forever);
    CHECK(indicators.changes(noon_for_test()).listed.front().lasts ==
          Duration(std::chrono::days{366}));
}

TEST_CASE("what all of the collection holds no more is let go, and told to nobody") {
    Indicators indicators;
    indicators.begin_whole();
    take(indicators, indicator(1, "192.0.2.1"));
    take(indicators, indicator(2, "192.0.2.2"));
    indicators.end_whole(noon_for_test());
    CHECK(told(indicators) == "+192.0.2.1 +192.0.2.2");
    indicators.begin_whole();
    take(indicators, indicator(2, "192.0.2.2"));
    indicators.end_whole(noon_for_test());
    CHECK(told(indicators) == "+192.0.2.2");
    CHECK(indicators.count() == 1);
    indicators.begin_whole();
    take(indicators, indicator(2, "192.0.2.2"));
    indicators.end_whole(noon_for_test() + 2h);
    CHECK(indicators.count() == 0);
}

TEST_CASE("no collection fills more than its room, and what is beyond is counted") {
    Indicators indicators;
    constexpr int count = static_cast<int>(Indicators::networks_max);
    for (int number = 0; number < count; ++number) {
        take(indicators, indicator(number, fmt::format("203.{}.{}.{}", number >> 16 & 255,
                                                       number >> 8 & 255, number & 255)));
    }
    CHECK(indicators.changes(noon_for_test()).listed.size() == Indicators::networks_max);
    take(indicators, indicator(count, "192.0.2.1"));
    const FeedUpdate update = indicators.changes(noon_for_test());
    CHECK(update.listed.empty());
    CHECK(update.skipped == 1);
    CHECK(indicators.count() == Indicators::networks_max);
    take(indicators, changed(indicator(0, "192.0.2.1")));
    CHECK(told(indicators) == "+192.0.2.1 -203.0.0.0");
}

TEST_CASE("what has changed fills no more than its room, however long nobody asks") {
    Indicators indicators;
    Indicator revoked = indicator(1, "192.0.2.1");
    revoked.claim = Claim::revoked;
    constexpr std::size_t step = 32;
    revoked.networks.assign(step, revoked.networks.front());
    for (std::size_t first = 0; first < Indicators::touched_max + 5 * step; first += step) {
        for (std::size_t index = 0; index < step; ++index) {
            const std::size_t number = first + index;
            std::array<std::uint8_t, Network::bytes_count>& bytes = revoked.networks[index].bytes;
            bytes[13] = static_cast<std::uint8_t>(number >> 16U);
            bytes[14] = static_cast<std::uint8_t>(number >> 8U);
            bytes[15] = static_cast<std::uint8_t>(number);
        }
        take(indicators, revoked);
    }
    Indicator listing = indicator(2, "203.0.113.1");
    take(indicators, listing);
    CHECK(indicators.count() == 0);
    const FeedUpdate update = indicators.changes(noon_for_test());
    CHECK(update.removed.size() == Indicators::touched_max);
    CHECK(update.skipped == 6);
    take(indicators, listing);
    CHECK(told(indicators) == "+203.0.113.1");
}

}  // namespace homeostat::adapters::taxii
