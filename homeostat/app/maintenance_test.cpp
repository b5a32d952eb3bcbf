// Maintenance windows under a clock that a test sets: what is inside, over changes of the time and
// of the day, and what a person is told.

#include "homeostat/app/maintenance.hpp"

#include "homeostat/app/switches.hpp"
#include "homeostat/base/timestamp.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

class SetClock final : public ports::Clock {
  public:
    WallTime at{};
    void set(std::string_view text) { at = parse_timestamp(text).value(); }
    [[nodiscard]] Instant now() const override { return Instant{at.time_since_epoch()}; }
    [[nodiscard]] WallTime wall_now() const override { return at; }
    Task<void> sleep_until(Instant) override { co_return; }
};

/// Of Saturdays and Sundays, 22:00 for four hours in Berlin.
MaintenanceConfig weekends() {
    return {.days = {Weekday::sat, Weekday::sun},
            .from = 22h,
            .to = {},
            .lasts = Duration{4h},
            .zone = "Europe/Berlin"};
}

MaintenanceConfig daily(std::chrono::minutes from, std::chrono::minutes to, std::string zone) {
    return {.days = {}, .from = from, .to = to, .lasts = {}, .zone = std::move(zone)};
}

struct Calendar {
    explicit Calendar(const std::vector<MaintenanceConfig>& windows) {
        auto made = Maintenance::make(windows, clock, [](const std::string&) {});
        REQUIRE_MESSAGE(made, made.error().text);
        maintenance = *std::move(made);
    }
    bool is_engaged_at(std::string_view at) {
        clock.set(at);
        return maintenance->is_engaged();
    }
    SetClock clock;
    std::unique_ptr<Maintenance> maintenance;
};

}  // namespace

TEST_CASE("a window is in force on its days from its beginning to its end, and at no other time") {
    Calendar calendar({weekends()});  // Berlin is an hour ahead of UTC in winter.
    struct Case {
        const char* at;
        bool is_engaged;
    };
    for (const Case& one :
         {Case{"2026-11-28T20:59:59.999Z", false},  // Saturday, 21:59:59
          Case{"2026-11-28T21:00:00Z", true}, Case{"2026-11-29T00:59:59Z", true},
          Case{"2026-11-29T01:00:00Z", false},  // 02:00 on Sunday
          Case{"2026-11-29T21:00:00Z", true},
          Case{"2026-11-30T00:59:59Z", true},  // Of Sunday, on Monday
          Case{"2026-11-30T01:00:00Z", false}, Case{"2026-11-30T22:00:00Z", false},  // Monday
          Case{"2026-07-04T19:59:59Z", false},  // Two hours ahead in summer
          Case{"2026-07-04T20:00:00Z", true}}) {
        CAPTURE(one.at);
        CHECK(calendar.is_engaged_at(one.at) == one.is_engaged);
    }
}

TEST_CASE("a window that ends earlier by the clock than it begins ends on the next day") {
    Calendar calendar({daily(23h + 30min, 1h, "UTC")});
    CHECK_FALSE(calendar.is_engaged_at("2026-11-28T23:29:59Z"));
    CHECK(calendar.is_engaged_at("2026-11-28T23:30:00Z"));
    CHECK(calendar.is_engaged_at("2026-11-29T00:59:59Z"));
    CHECK_FALSE(calendar.is_engaged_at("2026-11-29T01:00:00Z"));
    CHECK_FALSE(calendar.is_engaged_at("2026-11-29T12:00:00Z"));
}

TEST_CASE("where clocks are put forward a window from wall time to wall time is an hour shorter") {
    // On 2026-03-29 clocks in Berlin go from 02:00 to 03:00, which is 01:00 UTC.
    Calendar calendar({daily(1h, 4h, "Europe/Berlin")});
    CHECK_FALSE(calendar.is_engaged_at("2026-03-28T23:59:59Z"));
    CHECK(calendar.is_engaged_at("2026-03-29T00:00:00Z"));
    CHECK(calendar.is_engaged_at("2026-03-29T01:59:59Z"));
    CHECK_FALSE(calendar.is_engaged_at("2026-03-29T02:00:00Z"));
}

TEST_CASE("a window that begins in the hour which is skipped begins when that hour would have") {
    Calendar until_four({daily(2h + 30min, 4h, "Europe/Berlin")});
    CHECK_FALSE(until_four.is_engaged_at("2026-03-29T00:59:59Z"));
    CHECK(until_four.is_engaged_at("2026-03-29T01:00:00Z"));
    CHECK_FALSE(until_four.is_engaged_at("2026-03-29T02:00:00Z"));
    // Of one within that hour nothing is left on that day.
    Calendar within({daily(2h + 10min, 2h + 50min, "Europe/Berlin")});
    CHECK_FALSE(within.is_engaged_at("2026-03-29T00:59:59Z"));
    CHECK_FALSE(within.is_engaged_at("2026-03-29T01:00:00Z"));
    CHECK(within.is_engaged_at("2026-03-30T00:10:00Z"));
}

TEST_CASE("where clocks are put back a window holds from the first to the last time they show it") {
    // On 2026-10-25 clocks in Berlin go from 03:00 to 02:00, which is 01:00 UTC.
    Calendar calendar({daily(2h + 30min, 2h + 45min, "Europe/Berlin")});
    CHECK_FALSE(calendar.is_engaged_at("2026-10-25T00:29:59Z"));
    CHECK(calendar.is_engaged_at("2026-10-25T00:30:00Z"));
    CHECK(calendar.is_engaged_at("2026-10-25T01:44:59Z"));
    CHECK_FALSE(calendar.is_engaged_at("2026-10-25T01:45:00Z"));
}

TEST_CASE("a window that lasts for hours lasts for so many, whatever clocks do meanwhile") {
    MaintenanceConfig night{
        .days = {}, .from = 1h, .to = {}, .lasts = Duration{4h}, .zone = "Europe/Berlin"};
    Calendar calendar({night});
    CHECK(calendar.is_engaged_at("2026-03-29T00:00:00Z"));
    CHECK(calendar.is_engaged_at("2026-03-29T03:59:59Z"));
    CHECK_FALSE(calendar.is_engaged_at("2026-03-29T04:00:00Z"));
    CHECK(calendar.is_engaged_at("2026-10-24T23:00:00Z"));
    CHECK(calendar.is_engaged_at("2026-10-25T02:59:59Z"));
    CHECK_FALSE(calendar.is_engaged_at("2026-10-25T03:00:00Z"));
}

TEST_CASE("days are those of the zone, also where it is another day already") {
    MaintenanceConfig monday{
        .days = {Weekday::mon}, .from = 0h, .to = 1h, .lasts = {}, .zone = "Pacific/Auckland"};
    Calendar calendar({monday});  // Thirteen hours ahead of UTC in its summer.
    CHECK(calendar.is_engaged_at("2026-11-29T11:30:00Z"));
    CHECK_FALSE(calendar.is_engaged_at("2026-11-30T00:30:00Z"));
}

TEST_CASE("a window of a day that follows upon itself is always in force, and says no end") {
    MaintenanceConfig always{
        .days = {}, .from = 0h, .to = {}, .lasts = Duration{24h}, .zone = "UTC"};
    Calendar calendar({always});
    CHECK(calendar.is_engaged_at("2026-11-29T00:00:00Z"));
    CHECK(calendar.is_engaged_at("2026-11-29T23:59:59.999Z"));
    const MaintenanceView view = calendar.maintenance->view();
    CHECK(view.is_now);
    CHECK_FALSE(view.ends_at);
    CHECK_FALSE(view.begins_at);
    CHECK(calendar.maintenance->reason() ==
          "maintenance always: the windows follow on one another (daily 00:00 for 24h, UTC)");
    const Result<void> released = calendar.maintenance->release();
    REQUIRE_FALSE(released);
    CHECK_FALSE(released.error().text.contains("ends by itself"));
}

TEST_CASE("windows of six days have an end, and are not always") {
    MaintenanceConfig days{.days = {Weekday::mon, Weekday::tue, Weekday::wed, Weekday::thu,
                                    Weekday::fri, Weekday::sat},
                           .from = 0h,
                           .to = {},
                           .lasts = Duration{24h},
                           .zone = "UTC"};
    Calendar calendar({days});
    REQUIRE(calendar.is_engaged_at("2026-11-30T00:00:00Z"));  // Monday
    CHECK(to_timestamp(*calendar.maintenance->view().ends_at) == "2026-12-06T00:00:00.000Z");
    CHECK_FALSE(Maintenance::is_always({days}));
    // What is left is Sunday; a second window takes all of it, or all but a minute.
    MaintenanceConfig sunday{
        .days = {Weekday::sun}, .from = 0h, .to = {}, .lasts = Duration{24h}, .zone = "UTC"};
    CHECK(Maintenance::is_always({days, sunday}));
    sunday.lasts = Duration{24h - 1min};
    CHECK_FALSE(Maintenance::is_always({days, sunday}));
    // Of two zones: Berlin is an hour ahead of UTC in winter, and two in summer.
    CHECK(Maintenance::is_always({daily(0h, 12h, "Europe/Berlin"), daily(10h, 23h, "UTC")}));
    CHECK_FALSE(Maintenance::is_always({daily(0h, 12h, "Europe/Berlin"), daily(10h, 22h, "UTC")}));
}

TEST_CASE("what follows on one another is told as one, and the next is told when none is now") {
    Calendar calendar({daily(10h, 11h, "UTC"), daily(11h, 12h, "UTC")});
    REQUIRE(calendar.is_engaged_at("2026-11-29T10:30:00Z"));
    CHECK(to_timestamp(*calendar.maintenance->view().begins_at) == "2026-11-29T10:00:00.000Z");
    CHECK(to_timestamp(*calendar.maintenance->view().ends_at) == "2026-11-29T12:00:00.000Z");
    CHECK(calendar.maintenance->reason() ==
          "maintenance until 2026-11-29T12:00:00.000Z (daily 10:00–11:00, UTC)");
    REQUIRE_FALSE(calendar.is_engaged_at("2026-11-29T12:00:00Z"));
    CHECK(to_timestamp(*calendar.maintenance->view().begins_at) == "2026-11-30T10:00:00.000Z");
    CHECK(to_timestamp(*calendar.maintenance->view().ends_at) == "2026-11-30T11:00:00.000Z");
    CHECK(calendar.maintenance->reason().empty());
}

TEST_CASE("of a window once a week the next one is told from the moment that this one ends") {
    Calendar calendar(
        {{.days = {Weekday::sun}, .from = 22h, .to = {}, .lasts = Duration{4h}, .zone = "UTC"}});
    REQUIRE_FALSE(calendar.is_engaged_at("2026-11-30T02:00:00Z"));
    CHECK(to_timestamp(*calendar.maintenance->view().begins_at) == "2026-12-06T22:00:00.000Z");
}

TEST_CASE("a clock that shows a time long ago cannot tell, and nothing is done") {
    Calendar calendar({weekends()});
    CHECK(calendar.is_engaged_at("1970-01-01T00:00:05Z"));
    CHECK(calendar.maintenance->reason().contains("the clock of this machine is wrong"));
    CHECK_FALSE(calendar.maintenance->view().ends_at);
}

TEST_CASE(
    "without a window there is no such switch, and an unknown zone is refused with the mend") {
    SetClock clock;
    const auto none = Maintenance::make({}, clock, {});
    REQUIRE(none);
    CHECK(*none == nullptr);
    const auto unknown = Maintenance::make({daily(1h, 2h, "Europe/Berlni")}, clock, {});
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().text.contains("did you mean Europe/Berlin?"));
}

TEST_CASE("as one of an agent's switches it engages them, says why, and cannot be released early") {
    std::string directory{std::filesystem::temp_directory_path() / "homeostat-XXXXXX"};
    REQUIRE(::mkdtemp(directory.data()) != nullptr);
    Calendar calendar({weekends()});
    Switches switches(directory + "/suspended");
    switches.add({{calendar.maintenance.get(), [&] { return calendar.maintenance->reason(); }}});
    calendar.clock.set("2026-11-28T22:00:00Z");
    CHECK(switches.is_engaged());
    CHECK(switches.reason().starts_with("maintenance until 2026-11-29T01:00:00.000Z"));
    const Result<void> released = switches.release();
    REQUIRE_FALSE(released);
    CHECK(released.error().text.contains("it ends by itself"));
    CHECK(switches.engage());  // A person's own, which outlasts the window.
    calendar.clock.set("2026-11-29T02:00:00Z");
    CHECK(switches.is_engaged());
    CHECK(switches.release());
    CHECK_FALSE(switches.is_engaged());
    std::filesystem::remove_all(directory);
}

TEST_CASE("it is told the log once when a window begins, and once when it is over") {
    SetClock clock;
    std::vector<std::string> lines;
    auto made = Maintenance::make({weekends()}, clock,
                                  [&](const std::string& line) { lines.push_back(line); });
    REQUIRE(made);
    clock.set("2026-11-28T22:00:00Z");
    (*made)->look();
    (*made)->look();
    clock.set("2026-11-29T02:00:00Z");
    (*made)->look();
    (*made)->look();
    REQUIRE(lines.size() == 2);
    CHECK(lines.front().starts_with("suspended: maintenance until "));
    CHECK(lines.back() == "maintenance is over");
}

}  // namespace homeostat::app
