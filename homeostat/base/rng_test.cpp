#include "homeostat/base/rng.hpp"

#include <doctest/doctest.h>

#include <array>

namespace homeostat {

TEST_CASE("a seed gives the same numbers for ever") {
    Rng rng(42);
    CHECK(rng.next() == 13'679'457'532'755'275'413ULL);
    CHECK(rng.next() == 2'949'826'092'126'892'291ULL);
}

TEST_CASE("streams for different purposes differ, and drawing from one shifts no other") {
    Rng seed(7);
    Rng before = seed.fork("faults");
    CHECK(seed.fork("faults").next() == before.next());
    CHECK(seed.fork("faults").next() != seed.fork("order").next());
}

TEST_CASE("a range is covered, ends included, and nothing outside of it is drawn") {
    Rng rng(1);
    std::array<int, 5> seen{};
    for (int draw = 0; draw < 10'000; ++draw) {
        const std::int64_t number = rng.between(-2, 2);
        REQUIRE(number >= -2);
        REQUIRE(number <= 2);
        seen.at(static_cast<std::size_t>(number + 2)) += 1;
    }
    for (const int count : seen) {
        CHECK(count > 1'800);
        CHECK(count < 2'200);
    }
}

TEST_CASE("exponential gaps have the mean that was asked for") {
    Rng rng(3);
    double sum = 0;
    for (int draw = 0; draw < 100'000; ++draw) {
        sum += rng.exponential(5.0);
    }
    CHECK(sum / 100'000 == doctest::Approx(5.0).epsilon(0.02));
}

}  // namespace homeostat
