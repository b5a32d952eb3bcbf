#include "homeostat/adapters/envoy/trailing_mean.hpp"

#include <doctest/doctest.h>

using namespace homeostat::adapters::envoy;

TEST_CASE("until it forgets it is the mean of all answers") {
    TrailingMean mean;
    mean.move_to({.count = 100, .sum_ms = 1000});
    CHECK(mean.mean_ms() == doctest::Approx(10));
    mean.move_to({.count = 200, .sum_ms = 4000});
    CHECK(mean.mean_ms() == doctest::Approx(20));
    mean.move_to({.count = 200, .sum_ms = 4000});
    CHECK(mean.mean_ms() == doctest::Approx(20));
}

TEST_CASE("each answer moves it by one part in 512, however the answers are looked at") {
    TrailingMean at_once;
    TrailingMean one_by_one;
    for (TrailingMean* mean : {&at_once, &one_by_one}) {
        mean->move_to({.count = 512, .sum_ms = 0});
    }
    at_once.move_to({.count = 612, .sum_ms = 10'000});
    for (std::uint64_t count = 1; count <= 100; ++count) {
        one_by_one.move_to({.count = 512 + count, .sum_ms = 100.0 * static_cast<double>(count)});
    }
    CHECK(at_once.mean_ms() == doctest::Approx(17.76).epsilon(0.01));
    CHECK(one_by_one.mean_ms() == doctest::Approx(at_once.mean_ms()));
}

TEST_CASE("a proxy that has started again begins anew") {
    TrailingMean mean;
    mean.move_to({.count = 1000, .sum_ms = 100'000});
    mean.move_to({.count = 0, .sum_ms = 0});
    CHECK(mean.mean_ms() == 0);
    mean.move_to({.count = 10, .sum_ms = 50});
    CHECK(mean.mean_ms() == doctest::Approx(5));
}
