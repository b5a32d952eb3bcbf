#include "homeostat/app/when.hpp"

#include "homeostat/base/timestamp.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace homeostat::app {

namespace {

using std::chrono::milliseconds;

constexpr WallTime now{milliseconds{1'700'000'000'250}};  // 2023-11-14T22:13:20.250Z

std::string again(std::string_view text) {
    const Result<WallTime> at = parse_when(text, now);
    return at ? to_timestamp(*at) : "refused";
}

}  // namespace

TEST_CASE("a span is counted back from now, a date begins at midnight UTC") {
    CHECK(again("0s") == "2023-11-14T22:13:20.250Z");
    CHECK(again("90s") == "2023-11-14T22:11:50.250Z");
    CHECK(again("2h") == "2023-11-14T20:13:20.250Z");
    CHECK(again("15m") == "2023-11-14T21:58:20.250Z");
    CHECK(again("7d") == "2023-11-07T22:13:20.250Z");
    CHECK(again("2024-02-29") == "2024-02-29T00:00:00.000Z");
    CHECK(again("2026-11-27T06:00") == "2026-11-27T06:00:00.000Z");
    CHECK(again("2026-11-27T06:00:30Z") == "2026-11-27T06:00:30.000Z");
    CHECK(again("2026-11-27T06:00:30.007Z") == "2026-11-27T06:00:30.007Z");
}

TEST_CASE("what is no time is refused with both forms") {
    for (const char* text :
         {"", "h", "-2h", "2", "2w", "2h ", "1e3s", "9999999999999999999s", "2026-13-01",
          "2023-02-29", "2026-11-27T", "2026-11-27T24:00", "2026-11-27T06:60", "2026-11-27 06:00",
          "2026-11-27T06:00:30.1Z", "2026-11-27T06:00+01:00", "yesterday"}) {
        CAPTURE(text);
        const Result<WallTime> at = parse_when(text, now);
        REQUIRE_FALSE(at);
        CHECK(at.error().fault == Fault::invalid);
        CHECK(at.error().text.find("2h") != std::string::npos);
    }
}

}  // namespace homeostat::app
