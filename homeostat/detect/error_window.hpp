#pragma once

// ErrorWindow: do too many of a service's requests fail, and is it more than a burst?
//
// Three tests over the edge's counts of the last 3 s must agree, so that 2 % of 200 requests per
// second are noticed within 3 s and a healthy service never is:
//
// 1. Enough. 2 % of 200/s is 4 errors a second; in the 2.75–3 s that a 250 ms sample leaves us
//    that is Poisson(11.5). Noticing 99 % of such faults in time allows at most 5 errors as the
//    threshold (P(N<=3) = 0.3 %, P(N<=4) = 1.1 %). But where 0.1 % fail every day, Poisson(0.6) per
//    window, 4 errors come together every few minutes. No fixed number serves both, so the number
//    follows from what is usual here: N errors count when the usual rate gives as many less often
//    than `false_alarms_per_second_max`. With next to no usual errors that is N = 4; at 0.1 % it
//    is N = 9 and the notice takes a second longer.
//    What is usual is learnt from what left the window without a symptom, never above the goal.
// 2. More than a burst. A burst of 300 ms, with its tail, lies within `burst_max`. The worst
// stretch
//    of that length is taken out, and what is left must still be news: one error where errors are
//    rare, as many as chance hardly gives elsewhere. Times are taken in doubt for the burst: an
//    error may have come at either end of its sample.
// 3. Worth it. The ratio is well over what the goal allows.
//
// The choice not taken: a second window of minutes for slow burns (0.5 % for an hour). It belongs
// with the error budget, not with a loop of seconds.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace homeostat::detect {

struct ErrorLimits {
    /// How far back errors count together. The promise is 3 s. Zero: nothing is ever noticed.
    Duration window{std::chrono::seconds{3}};
    /// A burst of 300 ms and the slow answers after it are over within this. Zero: any two bad
    /// samples are more than a burst.
    Duration burst_max{std::chrono::seconds{1}};
    /// Fewer are never a symptom, whatever is usual. Zero: one is enough.
    std::uint64_t errors_min{4};
    /// Share of failed requests that the availability goal allows (99.9 %). Zero: none is allowed.
    double goal_ratio{0.001};
    /// Share from which it is a symptom: five times the goal. Zero: any share.
    double ratio_min{0.005};
    /// Once in 115 days per service is rarer than real faults. Zero: nothing is ever noticed.
    double false_alarms_per_second_max{1e-7};
    /// Usual errors expected beside a burst up to which a single one is news. Zero: never.
    double rare_errors_max{0.05};
    /// Otherwise, the chance that usual errors beside a burst look like a fault. Zero: never
    /// noticed.
    double burst_chance_max{1e-6};
    /// How long the usual share is remembered: long enough to know 0.01 %, short enough that
    /// yesterday does not excuse today. Zero: nothing is learnt.
    Duration memory{std::chrono::minutes{5}};
    /// Good requests that must follow, as a multiple of the mean distance between two errors of the
    /// fault, before their absence counts as gone (e^-6). Zero: time alone decides.
    double quiet_factor{6};
};

/// Counts of the edge between two of its readings.
struct ErrorSample {
    Instant begin_at{};
    Instant end_at{};
    std::uint64_t requests{0};
    std::uint64_t errors{0};
};

constexpr std::size_t error_samples_max = 64;  ///< 16 s at four a second.

struct ErrorWindow {
    std::deque<ErrorSample> samples;  ///< Oldest first.
    std::optional<Instant> last_at;   ///< End of the last sample, also once it has left.
    double usual_requests{0};         ///< Decaying sums of what left the window.
    double usual_errors{0};
    std::uint64_t quiet_requests{0};  ///< Good ones since the last sample with errors.
};

struct ErrorFinding {
    bool is_symptom{false};
    std::uint64_t errors{0};
    std::uint64_t requests{0};
    double ratio{0};
    Instant began_at{};  ///< Of the first sample with errors in the window.
};

/// Adds the count of one kind to the sample that ends at `at`; begins one if there is none.
void add_requests(ErrorWindow& window, std::uint64_t count, Instant at);
void add_errors(ErrorWindow& window, std::uint64_t count, Instant at);

/// Drops what is older than the window and, unless a symptom is present, learns from it.
void slide(ErrorWindow& window, bool is_present, const ErrorLimits& limits);

/// The three tests over the samples in the window.
[[nodiscard]] ErrorFinding judge(const ErrorWindow& window, const ErrorLimits& limits);

/// Share of requests that usually fail here, at most the goal's.
[[nodiscard]] double usual_ratio(const ErrorWindow& window, const ErrorLimits& limits);

/// Says whether the sample shows no more errors than usual. One without requests shows nothing.
[[nodiscard]] std::optional<bool> is_good(const ErrorSample& sample, double usual_ratio);

}  // namespace homeostat::detect
