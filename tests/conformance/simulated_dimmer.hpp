#pragma once

// SimulatedDimmer: an edge's dimmer in memory, under a clock of its own, for tests of whoever turns
// one. It keeps what every edge promises (dimmer_conformance.hpp).
//
// For tests only.

#include "homeostat/base/rng.hpp"
#include "homeostat/ports/dimmer.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace homeostat::conformance {

class SimulatedDimmer final : public ports::Dimmer {
  public:
    SimulatedDimmer(ServiceId neighbour, Duration lasts_max)
        : facts_{.neighbour = std::move(neighbour)}, lasts_max_(lasts_max) {}

    Task<Outcome> dim(DimRequest request, Instant deadline) override {
        co_return answer_to(request.dim(), deadline);
    }
    Task<Result<std::vector<DimmerFacts>>> read_dimmers(Instant deadline) override {
        if (is_away_) {
            co_return fail(Fault::unreachable, "the edge is gone");
        }
        if (is_still_) {
            now_ = std::max(now_, deadline);
            co_return fail(Fault::late, "the edge stands still");
        }
        co_return std::vector{facts_};
    }

    [[nodiscard]] Instant now() const { return now_; }
    void pass_time(Duration span) {
        now_ += span;
        if (facts_.permille > 0 && now_ >= facts_.until) {
            set(0, {});
        }
    }
    /// Whether the edge answers one more call itself.
    [[nodiscard]] bool holds_back() {
        return random_.between(0, permille_max - 1) < facts_.permille;
    }
    void set_still(bool is_still) {
        is_still_ = is_still;
        if (!is_still) {
            for (const Dim& order : std::exchange(pending_, {})) {
                set(order.permille, order.until);
            }
            pass_time({});
        }
    }
    /// Gone, or another one that has started: it has forgotten everything.
    void set_away(bool is_away) {
        is_away_ = is_away;
        set(0, {});
    }

  private:
    Outcome answer_to(const Dim& order, Instant deadline) {
        const bool is_legal = order.neighbour == facts_.neighbour &&
                              order.permille <= permille_max &&
                              (order.permille == 0 || order.until > now_);
        if (!is_legal || is_away_ || deadline <= now_ || order.until > now_ + lasts_max_) {
            return {OutcomeKind::refused, "nothing has changed"};
        }
        if (is_still_) {
            pending_.push_back(order);
            now_ = deadline;
            return {OutcomeKind::unknown, "ordered, not seen"};
        }
        set(order.permille,
            order.permille == facts_.permille ? std::max(order.until, facts_.until) : order.until);
        return {OutcomeKind::done, "it is so"};
    }
    void set(std::uint32_t permille, Instant until) {
        facts_.permille = permille;
        facts_.until = permille > 0 ? until : Instant{};
    }

    DimmerFacts facts_;
    Duration lasts_max_;
    Instant now_{};
    Rng random_{1};
    std::vector<Dim> pending_;
    bool is_still_{false};
    bool is_away_{false};
};

}  // namespace homeostat::conformance
