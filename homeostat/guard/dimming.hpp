#pragma once

// dimming: what guard asks before a dimmer of the edge is turned.
//
// A dimmer is turned for a promise to a neighbour, within milliseconds of a question and without a
// diagnosis, so it is no remedy of the menu. Its rules are fewer and as hard: whoever speaks to us
// over the network can at worst make us hold back for a while what may be held back here.
//
// To give back is asked for by the same rules, but for the pace: whoever is suspended, or has no
// ledger, gives nothing back either, and the edge ends it by itself.
//
// Pure.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/dimmer.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/verdict.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace homeostat::guard {

/// What the operator has declared of one neighbour's dimmer.
struct DimmerLimits {
    ServiceId neighbour;
    std::uint32_t floor_rps{0};                   ///< So many calls always pass. UNITS: requests/s.
    Duration lasts_max{std::chrono::minutes{1}};  ///< Of one order: the longest promise.
    /// Orders a minute. A promise looked after each second, its way back and a fallback are some
    /// 80.
    std::size_t turns_max{120};
};

/// What the executor knows first-hand when it asks.
struct DimmerMatter {
    bool is_suspended{true};   ///< The kill switch; unreadable counts as engaged.
    bool is_recording{false};  ///< The ledger takes entries, and somebody witnesses its heads.
    Autonomy autonomy{Autonomy::watch};
    std::uint32_t calls_rps{0};  ///< To the neighbour, held back or not. UNITS: requests/s.
};

/// How often each dimmer was turned lately.
class DimmerPace {
  public:
    static constexpr Duration window = std::chrono::minutes{1};

    void note(const ServiceId& neighbour, Instant now);
    [[nodiscard]] std::size_t turns_lately(const ServiceId& neighbour, Instant now) const;

  private:
    std::map<ServiceId, std::deque<Instant>> turns_at_;  ///< Of the window; declared ones only.
};

/// Says whether the order may be carried out. The first rule that objects is the verdict.
[[nodiscard]] Verdict check(const Dim& dim,
                            const std::vector<DimmerLimits>& declared,
                            const DimmerMatter& matter,
                            const DimmerPace& pace,
                            Instant now);

/// The most of `calls_rps` that may be held back above the floor. UNITS: permille.
[[nodiscard]] std::uint32_t permille_above(std::uint32_t floor_rps, std::uint32_t calls_rps);

}  // namespace homeostat::guard
