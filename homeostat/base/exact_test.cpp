#include "homeostat/base/exact.hpp"

#include "homeostat/base/rng.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace homeostat {

namespace {

/// Apart by at most so many units in the last place.
[[nodiscard]] bool is_near(double value, double wanted, double units = 2) {
    return std::abs(value - wanted) <=
           units * std::numeric_limits<double>::epsilon() * std::abs(wanted);
}

}  // namespace

TEST_CASE("exp, log and log1p are within two units in the last place of glibc's") {
    Rng rng(5);
    for (int number = 0; number < 100'000; ++number) {
        const double x = (rng.unit() - 0.5) * 1'400;
        const double small = (rng.unit() - 0.5) * 2;
        const double positive = std::ldexp(rng.unit() + 0.1, static_cast<int>(x / 2));
        CAPTURE(x);
        CAPTURE(small);
        CAPTURE(positive);
        CHECK(is_near(exact_exp(x), std::exp(x)));
        CHECK(is_near(exact_exp(small), std::exp(small)));
        CHECK(is_near(exact_log(positive), std::log(positive)));
        CHECK(is_near(exact_log1p(small * 0.999), std::log1p(small * 0.999), 3));
        CHECK(is_near(exact_log1p(small * 1e-9), std::log1p(small * 1e-9), 3));
    }
}

TEST_CASE("the ends of exp and log are what they should be") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    CHECK(exact_exp(0) == 1);
    CHECK(exact_exp(-infinity) == 0);
    CHECK(exact_exp(-800) == 0);
    CHECK(exact_exp(800) == infinity);
    CHECK(exact_exp(-744) > 0);
    CHECK(std::isnan(exact_exp(std::nan(""))));
    CHECK(exact_log(1) == 0);
    CHECK(exact_log(0) == -infinity);
    CHECK(exact_log(infinity) == infinity);
    CHECK(std::isnan(exact_log(-1)));
    CHECK(std::isnan(exact_log(std::nan(""))));
    CHECK(exact_log1p(-1) == -infinity);
    CHECK(exact_log1p(0) == 0);
    CHECK(exact_log1p(1e-300) == 1e-300);
}

TEST_CASE("10,000 values have had these bits on every machine and in every build so far") {
    Rng rng(7);
    std::uint64_t digest = 0;
    for (int number = 0; number < 10'000; ++number) {
        const double x = (rng.unit() - 0.5) * 100;
        for (const double value : {exact_exp(x), exact_log(x * x), exact_log1p(rng.unit())}) {
            digest = std::rotl(digest, 7) ^ std::bit_cast<std::uint64_t>(value);
        }
    }
    CHECK(digest == 0xA4498C61E53BEBEFULL);
}

}  // namespace homeostat
