#pragma once

// UsualErrors: the share of requests that fail on an ordinary day, and how likely so many failures
// would be on one.
//
// What is learnt is two sums that fade, errors and requests. A share known from few requests is
// known badly, so the chance is not taken from the share but from all shares that would explain the
// sums: with a Gamma belief of the share the count of errors is negative binomial,
//
//     errors ~ NB(shape = errors_at_first + E, p = n / (n + requests_at_first + R)).
//
// So a fresh agent asks for a plain case, and after a quiet hour four errors in 3 s are enough.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"

#include <chrono>
#include <cstdint>

namespace homeostat::detect {

struct UsualErrorLimits {
    /// What was learnt fades by e in so long, seen: a day's habits, not a minute's. Zero: nothing
    /// is remembered.
    Duration fades_after{std::chrono::hours{1}};
    /// No larger share is ever usual: else an agent that starts into a fault would learn it. Zero:
    /// no error is usual.
    double ratio_max{0.01};
    /// The belief before anything was seen, as if so many errors had been met in so many requests:
    /// wide, and soon outweighed.
    double errors_at_first{0.5};
    double requests_at_first{100};
    /// Chance of as many errors on an ordinary day, below which it is none. A year has 10^7 windows
    /// of 3 s.
    double chance_max{1e-9};
};

struct UsualErrors {
    double errors{0};
    double requests{0};
};

/// Takes in what was seen in `seen_for` without a symptom. Of one sample no more errors are learnt
/// than would be odd: a burst is not usual because it happened.
void learn(UsualErrors& usual,
           std::uint64_t errors,
           std::uint64_t requests,
           Duration seen_for,
           const UsualErrorLimits& limits);

/// The share that is usual, as far as it is known. ENSURES: at most ratio_max.
[[nodiscard]] double usual_ratio(const UsualErrors& usual, const UsualErrorLimits& limits);

/// Whether so many errors of so many requests would be a wonder on an ordinary day.
[[nodiscard]] bool is_unusual(const UsualErrors& usual,
                              std::uint64_t errors,
                              std::uint64_t requests,
                              const UsualErrorLimits& limits);

}  // namespace homeostat::detect
