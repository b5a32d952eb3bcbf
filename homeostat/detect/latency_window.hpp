#pragma once

// LatencyWindow: do answers take much longer than they used to, and is it more than a burst?
//
// The proxy keeps a mean that decays over the last 512 requests: after a burst it stays high for
// seconds, although nothing is slow any more. So what the mean was made of in each second is
// computed back: with k requests in that second and d = (1 - 1/512)^k,
//     mean_now = mean_before * d + x * (1 - d),  solved for x.
// A burst with its tail is over within a second and can therefore touch two seconds that follow
// each other, never three: three slow seconds in a row are the symptom. The proxy rounds to whole
// milliseconds, which blurs x by 1 ms / (1 - d); with 32 requests in a second that is 16 ms.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace homeostat::detect {

struct LatencyLimits {
    /// Answers faster than this on average are fine whatever they used to be. UNITS: ms. Zero: only
    /// the factor counts.
    double goal_ms{250};
    /// How many times the usual mean it must be. Zero: only the goal counts.
    double factor_min{3};
    /// One of the three stretches: no burst with its tail is longer. Zero: every sample is one.
    Duration stretch{std::chrono::seconds{1}};
    /// A stretch is lengthened until it holds so many requests. Zero: time alone decides.
    std::uint64_t requests_min{32};
    /// Requests over which the proxy's mean decays. SOURCE: HAProxy's TIME_STATS_SAMPLES. Zero: the
    /// readings are means of their own interval.
    double memory_requests{512};
    /// Samples before the usual mean counts as known; nothing is slow before. Zero: at once.
    std::uint32_t samples_min{20};
    /// How long the usual mean is remembered. Zero: the last sample is the usual.
    Duration memory{std::chrono::minutes{1}};
};

struct LatencySample {
    Instant at{};
    std::uint64_t requests{0};
    std::optional<double> mean_ms;  ///< As the proxy keeps it; absent: it did not say.
};

constexpr std::size_t latency_samples_max = 128;  ///< 32 s at four a second, for little traffic.

struct LatencyWindow {
    std::deque<LatencySample> samples;  ///< Oldest first.
    double usual_ms{0};
    std::uint32_t learnt_count{0};  ///< Samples that `usual_ms` is made of, up to samples_min.
};

struct LatencyFinding {
    bool is_known{false};    ///< There was enough to say.
    bool is_slow{false};     ///< The last stretch is over the limit.
    bool is_symptom{false};  ///< And so are the two before it.
    double mean_ms{0};       ///< Of the last stretch.
    double limit_ms{0};
    Instant began_at{};  ///< Where the first of the three begins.
};

void add_requests(LatencyWindow& window, std::uint64_t count, Instant at);
void add_mean(LatencyWindow& window, double mean_ms, Instant at);

[[nodiscard]] LatencyFinding judge(const LatencyWindow& window, const LatencyLimits& limits);

/// Takes the last stretch into the usual mean. Only for what is neither slow nor under a symptom.
void learn(LatencyWindow& window, const LatencyFinding& finding, const LatencyLimits& limits);

}  // namespace homeostat::detect
