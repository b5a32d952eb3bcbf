#pragma once

// Samples: signals reduced to "so many of so many were bad", and sums over them.
//
// Pure.

#include "homeostat/verify/verify.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace homeostat::verify {

/// What the samples of one observer in a stretch of time add up to.
struct Tally {
    std::uint64_t all_count{0};
    std::uint64_t bad_count{0};
    std::optional<Instant> first_at;
    Instant last_at{};

    [[nodiscard]] double good_ratio() const {
        return all_count == 0 ? 0
                              : 1 - static_cast<double>(bad_count) / static_cast<double>(all_count);
    }
    [[nodiscard]] Duration span() const { return first_at ? last_at - *first_at : Duration{}; }
};

/// Takes in what a signal says about the symptom; nothing if it says nothing, or is too old.
void take_in(State& state, const Symptom& symptom, const Signal& signal, Instant now);

/// Drops what is older than `since`, but for the last `kept_min` of each observer.
void forget_before(State& state, Instant since, std::uint64_t kept_min);

[[nodiscard]] Tally tally(const State& state, Observer observer, Instant since);

/// Those since then; where they are fewer than `needed`, the last so many.
[[nodiscard]] Tally latest(const State& state,
                           Observer observer,
                           Instant since,
                           std::uint64_t needed);

/// The good samples since the last bad one.
[[nodiscard]] Tally trailing_good(const State& state, Observer observer);

}  // namespace homeostat::verify
