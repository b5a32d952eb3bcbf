#pragma once

// Draws: distributions that give the same bits on every x86-64 machine.
//
// The standard's differ between libraries, and glibc's exp and log between processors, with and
// without FMA. These use integers, + − × ÷ and sqrt, which IEEE 754 rounds exactly.
//
// Pure.

#include "homeostat/base/rng.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

namespace homeostat::sim {

/// How much of a random time with mean 1 is longer than `x`: (1 + x/16)^-16. It stands in for e^-x
/// and lies above it: by 2 % at 0.7 and 45 % at 3, so a tail of times is somewhat longer here.
[[nodiscard]] constexpr double tail_after(double x) {
    if (x <= 0) {
        return 1;
    }
    const double base = 1 + x / 16;
    const double squared = base * base;
    const double fourth = squared * squared;
    const double eighth = fourth * fourth;
    return 1 / (eighth * eighth);
}

/// The time that a share of `1 - share` is longer than: the inverse of `tail_after`.
/// REQUIRES: share in [0, 1).
[[nodiscard]] inline double time_of_share(double share) {
    const double root = std::sqrt(std::sqrt(std::sqrt(std::sqrt(1 / (1 - share)))));
    return 16 * (root - 1);
}

/// True with the given chance.
[[nodiscard]] inline bool draw_chance(Rng& rng, double chance) {
    return rng.unit() < chance;
}

/// Uniform in [low, high).
[[nodiscard]] inline double draw_between(Rng& rng, double low, double high) {
    return low + (high - low) * rng.unit();
}

/// Of so many trials of one half, so many came true: 64 coins a draw. REQUIRES: 0 to 4096.
[[nodiscard]] std::uint32_t draw_halves(Rng& rng, std::uint32_t trials_count);

/// So many of the trials came true, each with the given chance. REQUIRES: at most 4096 trials.
[[nodiscard]] std::uint32_t draw_binomial(Rng& rng, std::uint32_t trials_count, double chance);

/// Roughly normal, mean 0 and deviation 1, within ±8.5: coins of one draw, smoothed by another.
[[nodiscard]] inline double draw_normal(Rng& rng) {
    const auto heads = static_cast<double>(std::popcount(rng.next()));
    // 64 coins have variance 16, the uniform part 1/12.
    return (heads - 32 + rng.unit() - 0.5) / 4.0104031385053895;
}

/// Exponential with mean 1. SOURCE: von Neumann 1951: compares uniforms, and needs no logarithm.
[[nodiscard]] double draw_exponential(Rng& rng);

/// How many events of a Poisson process fall into a time in which `mean` are expected: counts
/// exponential gaps. REQUIRES: mean in [0, 1000].
[[nodiscard]] std::uint32_t draw_poisson(Rng& rng, double mean);

}  // namespace homeostat::sim
