#pragma once

// Rng: seeded randomness that gives the same numbers everywhere.
//
// The standard distributions differ between libraries, so the draws are our own. One stream per
// purpose, forked from the seed: a draw added in one place then shifts no other. The generator is
// SplitMix64 (Steele, Lea, Flood 2014): tiny, and good enough for schedules and jitter; nothing
// here is for secrets.
//
// Pure. Not thread-safe.

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/exact.hpp"
#include "homeostat/base/fnv1a.hpp"

#include <cstdint>
#include <string_view>

namespace homeostat {

class Rng {
  public:
    explicit Rng(std::uint64_t seed) : state_(seed) {}

    [[nodiscard]] std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
        return mixed ^ (mixed >> 31U);
    }

    /// Uniform in [0, 1).
    [[nodiscard]] double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

    /// Uniform in [low, high].
    [[nodiscard]] std::int64_t between(std::int64_t low, std::int64_t high) {
        ensure(low <= high, "a range has its smaller end first");
        const auto span = static_cast<std::uint64_t>(high - low) + 1;
        return low + static_cast<std::int64_t>(span == 0 ? next() : next() % span);
    }

    /// Exponential with the given mean: the gaps of a Poisson process.
    [[nodiscard]] double exponential(double mean) { return -mean * exact_log1p(-unit()); }

    /// A stream of its own for one purpose; the same name gives the same stream.
    [[nodiscard]] Rng fork(std::string_view purpose) const { return Rng(state_ ^ fnv1a(purpose)); }

  private:
    std::uint64_t state_;
};

}  // namespace homeostat
