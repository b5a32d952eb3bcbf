#include "homeostat/sense/edge_mean.hpp"

#include "homeostat/base/exact.hpp"

#include <algorithm>

namespace homeostat::sense {

namespace {

/// The share of the later mean that is left of the earlier one.
double share_kept(std::uint64_t before, std::uint64_t now, std::uint64_t answers_max) {
    const auto decays_from = static_cast<double>(std::max(before, answers_max));
    const auto plain_to = static_cast<double>(std::min(now, answers_max));
    const double plain = before < answers_max ? static_cast<double>(before) / plain_to : 1.0;
    const double decayed_count = std::max(0.0, static_cast<double>(now) - decays_from);
    if (decayed_count == 0) {
        return plain;
    }
    return plain * exact_exp(decayed_count * exact_log1p(-1.0 / static_cast<double>(answers_max)));
}

}  // namespace

std::optional<double> interval_ms(EdgeMean& mean,
                                  const EdgeCounters& counters,
                                  const EdgeMeanLimits& limits,
                                  Instant at) {
    const EdgeMean now{counters.requests_total, counters.latency_ms, at};
    const bool is_new_proxy = now.answers_total < mean.answers_total;
    const bool is_too_long = at - mean.at > limits.span_max;
    if (is_new_proxy || is_too_long || counters.latency_answers_max == 0) {
        mean = now;
        return std::nullopt;
    }
    const std::uint64_t answers = now.answers_total - mean.answers_total;
    if (answers == 0 || answers < limits.answers_min) {
        return std::nullopt;
    }
    const double kept =
        share_kept(mean.answers_total, now.answers_total, counters.latency_answers_max);
    const double between = std::max(0.0, (now.mean_ms - kept * mean.mean_ms) / (1 - kept));
    const double rounding_ms = 1 / (1 - kept);
    if (rounding_ms > std::max(limits.rounding_ms_max, between * limits.rounding_ratio_max)) {
        return std::nullopt;
    }
    mean = now;
    return between;
}

}  // namespace homeostat::sense
