#pragma once

// marking: what guard asks before sources of requests are marked at the edge.
//
// Who is marked comes from the lists of others, within seconds and without a diagnosis, so it is no
// remedy of the menu. Its rules trust none of what was judged before: what may never be marked is
// compared once more with what is about to be ordered, source by source.
//
// To take marks off is asked for by the same rules, but for the pace: whoever is suspended, or has
// no ledger, takes none off either, and the edge ends them by itself.
//
// Pure.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/marking.hpp"
#include "homeostat/domain/network.hpp"
#include "homeostat/domain/verdict.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace homeostat::guard {

/// What the operator has declared.
struct MarkLimits {
    bool is_declared{false};       ///< The edge has tables for marks.
    std::vector<Network> allowed;  ///< Never marked.
    std::size_t sources_max{50'000};
    std::size_t order_sources_max{1'000};
    Duration lasts_max{std::chrono::minutes{2}};  ///< Of one order.
    /// Orders a minute that put a mark on: the first load of everything is some 50.
    std::size_t orders_max{300};
};

/// What the executor knows first-hand when it asks.
struct MarkMatter {
    bool is_suspended{true};   ///< The kill switch; unreadable counts as engaged.
    bool is_recording{false};  ///< The ledger takes entries, and somebody witnesses its heads.
    Autonomy autonomy{Autonomy::watch};
    std::size_t marked_count{0};  ///< Sources that have a mark, without those of this order.
};

/// How often marks were put on lately.
class MarkPace {
  public:
    static constexpr Duration window = std::chrono::minutes{1};

    void note(Instant now);
    [[nodiscard]] std::size_t orders_lately(Instant now) const;

  private:
    std::deque<Instant> orders_at_;  ///< Of the window.
};

/// Says whether the order may be carried out. The first rule that objects is the verdict.
[[nodiscard]] Verdict check(const Marking& marking,
                            const MarkLimits& limits,
                            const MarkMatter& matter,
                            const MarkPace& pace,
                            Instant now);

}  // namespace homeostat::guard
