#include "homeostat/base/timestamp.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace homeostat {

namespace {

WallTime wall(std::int64_t ms) {
    using namespace std::chrono;
    return WallTime{sys_days{2026y / November / 27d} + hours{6} + milliseconds{ms}};
}

}  // namespace

TEST_CASE("a time is read as it is written, and nothing else is one") {
    for (const std::int64_t ms : {0L, 1L, 250L, 86'399'999L}) {
        const WallTime at = wall(ms);
        CHECK(parse_timestamp(to_timestamp(at)) == at);
    }
    CHECK(parse_timestamp("2026-11-27T06:00:00Z") == wall(0));
    CHECK(parse_timestamp("2026-11-27T06:00:00.2Z") == wall(200));
    CHECK(parse_timestamp("2026-11-27T06:00:00.123456789Z") == wall(123));
    for (const std::string_view text :
         {"", "2026-11-27", "2026-11-27T06:00:00", "2026-11-27T06:00:00+01:00",
          "2026-02-30T06:00:00Z", "2026-11-27T24:00:00Z", "2026-11-27T06:60:00Z",
          "2026-11-27T06:00:00Z ", "2026-11-2xT06:00:00Z", "26-11-27T06:00:00Z"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_timestamp(text));
    }
}

}  // namespace homeostat
