#pragma once

// RestartBudget: when the model server may be started once more.
//
// A server that dies again and again costs the machine more than the model is worth, so there is a
// pause that doubles and a maximum in a sliding window. Nothing waits for it: the rules carry on.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>

namespace homeostat::adapters::llm {

struct RestartLimits {
    std::uint32_t restarts_max{3};              ///< In one window. 0 = never start it again.
    Duration window{std::chrono::minutes{10}};  ///< Sliding.
    Duration back_off{std::chrono::milliseconds{500}};  ///< Before the first; doubles after that.
};

class RestartBudget {
  public:
    explicit RestartBudget(RestartLimits limits) : limits_(limits) {}

    /// When the next restart may happen, seen from `now`; `now` itself or later. REQUIRES:
    /// restarts_max > 0.
    [[nodiscard]] Instant next_at(Instant now) const {
        const std::size_t recent_count = recent_since(now - limits_.window);
        if (recent_count >= limits_.restarts_max) {
            return restarts_[restarts_.size() - limits_.restarts_max] + limits_.window;
        }
        return now +
               limits_.back_off * (std::int64_t{1} << std::min<std::size_t>(recent_count, 10));
    }

    /// True while the maximum of the window is used up.
    [[nodiscard]] bool is_spent(Instant now) const {
        return recent_since(now - limits_.window) >= limits_.restarts_max;
    }

    void spend(Instant now) {
        restarts_.push_back(now);
        if (restarts_.size() > std::max<std::size_t>(limits_.restarts_max, 1)) {
            restarts_.pop_front();
        }
    }

  private:
    [[nodiscard]] std::size_t recent_since(Instant begin) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(restarts_, [&](Instant at) { return at > begin; }));
    }

    RestartLimits limits_;
    std::deque<Instant> restarts_;  // Oldest first; never more than the maximum.
};

}  // namespace homeostat::adapters::llm
