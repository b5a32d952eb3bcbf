#pragma once

// ErrorWindow: do too many of a service's requests fail, and is it more than a burst?
//
// Four tests over the edge's counts of the last 3 s must agree:
//
// 1. Enough. 2 % of 200/s is 4 errors a second; in the 2.75–3 s that a 250 ms sample leaves us that
//    is Poisson(11.5): fewer than 4 errors come once in 300 such windows.
// 2. More than a burst. A burst of 300 ms, with its tail, lies within `burst_max`. The worst
//    stretch of that length is taken out, and something must be left. Times are taken in doubt for
//    the burst: an error may have come at either end of its sample.
// 3. Worth it. The ratio is over what the goal allows.
// 4. Unusual. On an ordinary day of this service it would be a wonder (usual_errors.hpp).
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"
#include "homeostat/detect/usual_errors.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace homeostat::detect {

struct ErrorLimits {
    /// How far back errors count together. The promise is 3 s. Zero: nothing is ever noticed.
    Duration window{std::chrono::seconds{3}};
    /// A burst of 300 ms and the slow answers after it are over within this. Zero: any two bad
    /// samples are more than a burst.
    Duration burst_max{std::chrono::seconds{1}};
    /// Fewer are never a symptom. Zero: one is enough.
    std::uint64_t errors_min{4};
    /// Share from which it is a symptom: what a goal of 99.9 % allows. Zero: any share.
    double ratio_min{0.001};
    UsualErrorLimits usual;
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
    std::vector<ErrorSample> samples;  ///< Oldest first; few enough to be moved up.
    std::optional<Instant> last_at;    ///< End of the last sample, also once it has left.
    std::optional<Instant>
        learns_from;  ///< Samples from before the end of a symptom teach nothing.
    UsualErrors usual;
};

struct ErrorFinding {
    bool is_symptom{false};
    std::uint64_t errors{0};
    std::uint64_t requests{0};
    double ratio{0};
    Instant began_at{};  ///< Of the first sample with errors in the window.
};

/// Adds a sample that ended at `at`; its errors may be set until the next one comes.
void add_sample(ErrorWindow& window, std::uint64_t requests, Instant at);

/// Drops the samples that began before the window and learns from them what is usual.
void forget_before(ErrorWindow& window, Instant begin_at, const UsualErrorLimits& limits);

[[nodiscard]] ErrorFinding judge(const ErrorWindow& window, const ErrorLimits& limits);

/// Whether the last `calm_for` of what was seen had no more errors than are usual. Silence and
/// samples without a request count for nothing.
[[nodiscard]] bool is_calm(const ErrorWindow& window,
                           Duration calm_for,
                           const UsualErrorLimits& limits);

}  // namespace homeostat::detect
