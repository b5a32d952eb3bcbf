#include "homeostat/sim/world/draws.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>

namespace homeostat::sim {

namespace {

constexpr int draws_count = 20'000;

struct Moments {
    double mean{0};
    double variance{0};
};

template <class Draw>
[[nodiscard]] Moments moments_of(Draw&& draw) {
    double sum = 0;
    double squares = 0;
    for (int number = 0; number < draws_count; ++number) {
        const double value = draw();
        sum += value;
        squares += value * value;
    }
    const double mean = sum / draws_count;
    return {mean, squares / draws_count - mean * mean};
}

}  // namespace

TEST_CASE("an exponential draw has mean 1, variance 1 and its median at ln 2") {
    Rng rng(7);
    int below = 0;
    const Moments moments = moments_of([&] {
        const double value = draw_exponential(rng);
        below += value < 0.693147 ? 1 : 0;
        return value;
    });
    CHECK(moments.mean == doctest::Approx(1).epsilon(0.03));
    CHECK(moments.variance == doctest::Approx(1).epsilon(0.06));
    CHECK(below == doctest::Approx(draws_count / 2.0).epsilon(0.03));
}

TEST_CASE("a Poisson draw has its mean as its variance") {
    for (const double mean : {0.0, 0.3, 4.0, 60.0}) {
        CAPTURE(mean);
        Rng rng(11);
        const Moments moments = moments_of([&] { return double(draw_poisson(rng, mean)); });
        CHECK(moments.mean == doctest::Approx(mean).epsilon(0.03));
        CHECK(moments.variance == doctest::Approx(mean).epsilon(0.06));
    }
}

TEST_CASE("a binomial draw has mean np and variance np(1-p)") {
    Rng rng(13);
    const Moments few = moments_of([&] { return double(draw_binomial(rng, 20, 0.3)); });
    CHECK(few.mean == doctest::Approx(6).epsilon(0.02));
    CHECK(few.variance == doctest::Approx(4.2).epsilon(0.06));
    const Moments halves = moments_of([&] { return double(draw_halves(rng, 100)); });
    CHECK(halves.mean == doctest::Approx(50).epsilon(0.01));
    CHECK(halves.variance == doctest::Approx(25).epsilon(0.06));
}

TEST_CASE("a normal draw has mean 0, variance 1 and 95 of 100 within 1.96") {
    Rng rng(17);
    int within = 0;
    const Moments moments = moments_of([&] {
        const double value = draw_normal(rng);
        within += std::abs(value) < 1.96 ? 1 : 0;
        return value;
    });
    CHECK(std::abs(moments.mean) < 0.03);
    CHECK(moments.variance == doctest::Approx(1).epsilon(0.05));
    CHECK(within == doctest::Approx(0.95 * draws_count).epsilon(0.01));
}

TEST_CASE("the tail lies above e^-x by what its comment says, and its inverse gives it back") {
    for (double x = 0; x < 8; x += 0.25) {
        CAPTURE(x);
        CHECK(tail_after(x) >= std::exp(-x));
        CHECK(time_of_share(1 - tail_after(x)) == doctest::Approx(x).epsilon(1e-9));
    }
    CHECK(tail_after(0.7) / std::exp(-0.7) < 1.02);
    CHECK(tail_after(3) / std::exp(-3) < 1.33);
    CHECK(tail_after(-1) == 1);
}

TEST_CASE("a stream of its own does not shift when another is drawn from") {
    const Rng root(42);
    Rng first = root.fork("traffic 1");
    Rng other = root.fork("traffic 2");
    const std::uint64_t expected = root.fork("traffic 2").next();
    const double drawn = draw_normal(first);
    CHECK(drawn != draw_normal(first));
    CHECK(other.next() == expected);
}

}  // namespace homeostat::sim
