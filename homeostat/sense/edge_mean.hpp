#pragma once

// EdgeMean: how long answers took in one interval, computed back from a mean that trails.
//
// A proxy keeps no sum of times, only a mean that forgets: each answer moves it by one part in
// `latency_answers_max` (until so many were counted it is the plain mean of all). So of two
// readings with n answers between them the later one holds a known share of the earlier one, and
// the rest is the mean of those n:
//
//     later = kept * earlier + (1 - kept) * between,    kept = (1 - 1/max)^n
//
// The proxy rounds to whole milliseconds, and dividing by (1 - kept) makes that error larger the
// fewer the answers were: 1 ms becomes 1.6 ms for 500 answers, 6 ms for 100, 26 ms for 20. A figure
// is given once that is small, absolutely or against the figure, and not at all if it takes too
// long: the mean over a trickle of requests says nothing of now.
//
// Requests that were counted and never answered are in n and not in the means. A figure then lies
// nearer to the earlier mean than the truth does: too late a notice, never a false one.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/reading.hpp"

#include <cstdint>
#include <optional>

namespace homeostat::sense {

struct EdgeMeanLimits {
    /// Fewer answers give no figure: one slow answer in it would be much of it. Zero: any number.
    std::uint64_t answers_min{20};
    /// How much of a figure may be rounding. UNITS: ms. Zero: the share below alone decides.
    double rounding_ms_max{10};
    /// Or so much of the figure: 250 ms need no 10 ms of exactness. Zero: the above alone decides.
    double rounding_ratio_max{0.2};
    /// A figure spans no more. Zero: there are none.
    Duration span_max{std::chrono::seconds{5}};
};

/// Where the present interval began.
struct EdgeMean {
    std::uint64_t answers_total{0};
    double mean_ms{0};
    Instant at{};
};

/// The mean time to answer since `mean` in milliseconds, once there is enough of it; the next
/// interval begins then. Nothing if the proxy does not say how its mean forgets.
[[nodiscard]] std::optional<double> interval_ms(EdgeMean& mean,
                                                const EdgeCounters& counters,
                                                const EdgeMeanLimits& limits,
                                                Instant at);

}  // namespace homeostat::sense
