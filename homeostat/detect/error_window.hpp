#pragma once

// ErrorWindow: do too many of a service's requests fail, and is it more than a burst?
//
// Three tests over the edge's counts of the last 3 s must agree:
//
// 1. Enough. 2 % of 200/s is 4 errors a second; in the 2.75–3 s that a 250 ms sample leaves us that
//    is Poisson(11.5): fewer than 4 errors come once in 300 such windows.
// 2. More than a burst. A burst of 300 ms, with its tail, lies within `burst_max`. The worst
// stretch
//    of that length is taken out, and something must be left. Times are taken in doubt for the
//    burst: an error may have come at either end of its sample.
// 3. Worth it. The ratio is well over what the goal allows.
//
// Not covered: a service where errors are usual. At 0.1 % of 200/s the window holds Poisson(0.6),
// and four together come every few minutes; the usual rate will have to be learnt for it.
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
    /// Fewer are never a symptom. Zero: one is enough.
    std::uint64_t errors_min{4};
    /// Share from which it is a symptom: five times what 99.9 % allows. Zero: any share.
    double ratio_min{0.005};
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
};

struct ErrorFinding {
    bool is_symptom{false};
    std::uint64_t errors{0};
    std::uint64_t requests{0};
    double ratio{0};
    Instant began_at{};  ///< Of the first sample with errors in the window.
};

}  // namespace homeostat::detect
