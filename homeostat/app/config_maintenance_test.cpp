// The keys guard.maintenance and guard.undo_for.

#include "homeostat/app/config_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace homeostat::app {

namespace {

std::string window(const std::string& keys) {
    return with("guard: { maintenance: [ { " + keys + " } ] }\n");
}

}  // namespace

TEST_CASE("a maintenance window is read as it is written, and written as it was read") {
    const ConfigReport report = parse_config(
        window("days: [sat, sun], from: \"22:00\", for: 4h, zone: Europe/Berlin"), file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    REQUIRE(report.config->maintenance.size() == 1);
    const MaintenanceConfig& read = report.config->maintenance.front();
    CHECK(read.days == std::vector{Weekday::sat, Weekday::sun});
    CHECK(read.from == std::chrono::hours{22});
    CHECK_FALSE(read.to);
    CHECK(read.lasts == Duration{std::chrono::hours{4}});
    CHECK(read.zone == "Europe/Berlin");
    const std::string written = to_text(to_document(*report.config));
    CHECK(written.contains(R"("maintenance":[{"days":["sat","sun"],"from":"22:00","for":"4h",)"
                           R"("zone":"Europe/Berlin"}])"));
    const ConfigReport again = parse_config(written, file_for_test);
    REQUIRE_MESSAGE(again.config, describe(again));
    CHECK(again.config->maintenance == report.config->maintenance);
}

TEST_CASE("a window without days is daily, without a zone in UTC, and a time needs no quotes") {
    const ConfigReport report = parse_config(window("from: 22:30, to: 06:05"), file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    const MaintenanceConfig& read = report.config->maintenance.front();
    CHECK(read.days.empty());
    CHECK(read.from == std::chrono::minutes{22 * 60 + 30});
    CHECK(read.to == std::chrono::minutes{6 * 60 + 5});
    CHECK(read.zone == "UTC");
}

TEST_CASE("a window that cannot be is refused with the place and the mend") {
    struct Case {
        const char* keys;
        const char* says;
    };
    for (const Case& one :
         {Case{"to: 04:00", "from"}, Case{"from: 22:00", "it does not say when it ends"},
          Case{"from: 22:00, to: 23:00, for: 1h", "keep one of them"},
          Case{"from: 22:00, to: 22:00", "write for: 24h"}, Case{"from: 22:00, for: 25h", "24h"},
          Case{"from: 22:00, for: 0s", "1m"}, Case{"from: 24:00, for: 1h", "not a time of day"},
          Case{"from: 9:00, for: 1h", "not a time of day"},
          Case{"from: 09:60, for: 1h", "not a time of day"},
          Case{"from: 0900, for: 1h", "not a time of day"},
          Case{"from: +9:00, for: 1h", "not a time of day"},
          Case{"days: [caturday], from: 09:00, for: 1h", "unknown value 'caturday'"},
          Case{"days: [mon, mon], from: 09:00, for: 1h", "a day stands twice"},
          Case{"from: 09:00, for: 1h, zone: Europe/Berlni", "did you mean Europe/Berlin?"},
          Case{"from: 09:00, for: 1h, zone: ../../etc/passwd", "knows no"},
          Case{"from: 00:00, for: 24h", "nothing would ever be done"},
          Case{"from: 09:00, to: 23:00 }, { from: 22:00, to: 09:00", "leave hours between them"},
          Case{"from: 09:00, for: 1h, until: 5", "until"}}) {
        CAPTURE(one.keys);
        const std::string problems = problems_of(window(one.keys));
        CHECK_MESSAGE(problems.contains(one.says), problems);
        CHECK(problems.starts_with("5:"));
    }
}

TEST_CASE("what is done may be taken back for half an hour, or for as long as somebody says") {
    using namespace std::chrono_literals;
    CHECK(parse_config(beginning_for_test, file_for_test).config->undo_for == Duration{30min});
    CHECK(parse_config(with("guard: { undo_for: 2h }\n"), file_for_test).config->undo_for ==
          Duration{2h});
    CHECK(parse_config(with("guard: { undo_for: 0s }\n"), file_for_test).config->undo_for ==
          Duration{});
    CHECK(problems_of(with("guard: { undo_for: 25h }\n")).starts_with("5:"));
}

}  // namespace homeostat::app
