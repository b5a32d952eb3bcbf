#include "homeostat/app/demo/source_reads.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::app::demo;
using namespace std::chrono_literals;

namespace {

std::vector<Instant> at_ms(std::initializer_list<int> times) {
    std::vector<Instant> reads;
    for (const int ms : times) {
        reads.emplace_back(std::chrono::milliseconds{ms});
    }
    return reads;
}

}  // namespace

TEST_CASE("each answer of the source is a read, and nothing else in its log is") {
    const std::vector<WallTime> reads = reads_in(
        "2026-11-29T13:05:07.042Z INFO rates-0 instance started service=rates port=1\n"
        "2026-11-29T13:05:07.999Z INFO rates-0 rate quoted currency=USD rate_ppm=1083700\n"
        "2026-11-29T13:05:08.001Z INFO rates-0 rate quoted currency=GBP rate_ppm=856300\n"
        "2026-13-29T13:05:08.001Z INFO rates-0 rate quoted currency=GBP rate_ppm=856300\n"
        "rubbish rate quoted \n"
        "2026-11-29T13:05:08.002Z WARN rates-0 unknown currency asked currency=\"X\"\n"
        "2026-11-29T13:05:08.003Z INFO rates-0 rate quoted currency=S");
    REQUIRE(reads.size() == 2);
    CHECK(reads[0] == WallTime{std::chrono::sys_days{2026y / 11 / 29}} + 13h + 5min + 7999ms);
    CHECK(reads[1] - reads[0] == 2ms);
}

TEST_CASE("a peak is the most in any second, whenever that begins") {
    const std::vector<Instant> reads = at_ms({0, 900, 1'000, 1'100, 1'899, 1'900, 5'000});
    const auto peak = [&reads](Duration from, Duration until) {
        return peak_per_second(reads, Instant{from}, Instant{until});
    };
    CHECK(peak(0s, 10s) == 4);  // From 900 to 1,899; what is a second later is another second's.
    CHECK(peak(1s, 10s) == 4);
    CHECK(peak(1s, 1'899ms) == 2);
    CHECK(peak(2s, 5s) == 0);
    CHECK(peak(2s, 6s) == 1);
}
