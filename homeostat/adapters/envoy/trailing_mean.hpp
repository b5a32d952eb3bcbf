#pragma once

// TrailingMean: a mean that forgets, made of totals that do not.
//
// Envoy keeps the sum and the count of all answers since it started; the loop asks how long answers
// take now. So each look moves this mean by what came since the last one, as if every answer had
// moved it by one part in `answers_max` (until so many came it is the plain mean of all). That is
// the mean which HAProxy keeps itself, and `sense` computes an interval's figure back from it.
//
// Pure. Values only.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace homeostat::adapters::envoy {

/// All answers since the proxy started.
struct AnswerTotals {
    std::uint64_t count{0};
    double sum_ms{0};
};

class TrailingMean {
  public:
    static constexpr std::uint64_t answers_max = 512;  ///< As HAProxy's.

    /// Moves the mean to `totals`. Fewer answers than before: the proxy has started again, and what
    /// it has counted since is all there is.
    void move_to(const AnswerTotals& totals) {
        const bool is_new = !is_begun_ || totals.count < last_.count;
        const AnswerTotals from = is_new ? AnswerTotals{} : last_;
        is_begun_ = true;
        last_ = totals;
        if (totals.count == from.count) {
            mean_ms_ = is_new ? 0 : mean_ms_;
            return;
        }
        const auto came = static_cast<double>(totals.count - from.count);
        const double between = std::max(0.0, totals.sum_ms - from.sum_ms) / came;
        const double kept = is_new ? 0 : share_kept(from.count, totals.count);
        mean_ms_ = (kept * mean_ms_) + ((1 - kept) * between);
    }
    [[nodiscard]] double mean_ms() const { return mean_ms_; }

  private:
    [[nodiscard]] static double share_kept(std::uint64_t before, std::uint64_t now) {
        const double plain =
            before < answers_max
                ? static_cast<double>(before) / static_cast<double>(std::min(now, answers_max))
                : 1.0;
        const std::uint64_t decays_from = std::max(before, answers_max);
        const std::uint64_t decayed = now > decays_from ? now - decays_from : 0;
        const double one = 1 - (1 / static_cast<double>(answers_max));
        return plain * std::pow(one, static_cast<double>(decayed));
    }

    AnswerTotals last_;
    double mean_ms_{0};
    bool is_begun_{false};
};

}  // namespace homeostat::adapters::envoy
