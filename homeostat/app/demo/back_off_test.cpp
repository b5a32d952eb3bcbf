#include "homeostat/app/demo/back_off.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace homeostat::app::demo {

namespace {

using namespace std::chrono_literals;

/// The waits before each start of a process, and how long it lives after each of them.
std::vector<Duration> waits_of(const std::vector<Duration>& lives) {
    CrashBackOff back_off;
    std::vector<Duration> waits;
    Instant ended_at{1h};
    for (const Duration life : lives) {
        const Instant started_at = back_off.start_after(ended_at);
        waits.push_back(started_at - ended_at);
        ended_at = started_at + life;
    }
    return waits;
}

}  // namespace

TEST_CASE("a process that ends at once is started at once, then after 10 s, doubling to 5 min") {
    CHECK(waits_of(std::vector<Duration>(9, 0s)) ==
          std::vector<Duration>{0s, 10s, 20s, 40s, 80s, 160s, 300s, 300s, 300s});
}

TEST_CASE("a process that lived a little less than ten minutes still has its back-off") {
    CHECK(waits_of(std::vector<Duration>(3, 10min - 1ns)) == std::vector<Duration>{0s, 10s, 20s});
}

TEST_CASE("a process that lived for ten minutes is started at once again, and the wait is 10 s") {
    CHECK(waits_of({1s, 1s, 10min, 1s, 1s}) == std::vector<Duration>{0s, 10s, 20s, 0s, 10s});
}

}  // namespace homeostat::app::demo
