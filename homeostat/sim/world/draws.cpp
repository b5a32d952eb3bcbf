#include "homeostat/sim/world/draws.hpp"

#include "homeostat/base/ensure.hpp"

namespace homeostat::sim {

namespace {

constexpr std::uint32_t trials_max = 4096;
constexpr double poisson_mean_max = 1'000;
constexpr std::uint32_t rounds_max = 64;  ///< A round fails with chance 1 − 1/e; e^-64 is never.

}  // namespace

std::uint32_t draw_halves(Rng& rng, std::uint32_t trials_count) {
    ensure(trials_count <= trials_max, "a binomial draw has at most 4096 trials");
    std::uint32_t heads = 0;
    for (; trials_count >= 64; trials_count -= 64) {
        heads += static_cast<std::uint32_t>(std::popcount(rng.next()));
    }
    if (trials_count > 0) {
        heads += static_cast<std::uint32_t>(std::popcount(rng.next() >> (64 - trials_count)));
    }
    return heads;
}

std::uint32_t draw_binomial(Rng& rng, std::uint32_t trials_count, double chance) {
    ensure(trials_count <= trials_max, "a binomial draw has at most 4096 trials");
    std::uint32_t came_true = 0;
    for (std::uint32_t trial = 0; trial < trials_count; ++trial) {
        came_true += draw_chance(rng, chance) ? 1 : 0;
    }
    return came_true;
}

double draw_exponential(Rng& rng) {
    // Descending runs u1 > u2 > … of odd length come with chance e^-u1: the fraction. Each failed
    // round adds one to the whole part.
    for (std::uint32_t whole = 0; whole < rounds_max; ++whole) {
        const double first = rng.unit();
        double last = first;
        bool is_odd = true;
        double next = rng.unit();
        while (next < last) {
            last = next;
            is_odd = !is_odd;
            next = rng.unit();
        }
        if (is_odd) {
            return whole + first;
        }
    }
    return rounds_max;
}

std::uint32_t draw_poisson(Rng& rng, double mean) {
    ensure(mean >= 0 && mean <= poisson_mean_max, "a Poisson draw has a mean of 0 to 1000");
    std::uint32_t events = 0;
    double at = draw_exponential(rng);
    while (at < mean) {
        events += 1;
        at += draw_exponential(rng);
    }
    return events;
}

}  // namespace homeostat::sim
