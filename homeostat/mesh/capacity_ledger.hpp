#pragma once

// CapacityLedger: what of this service's capacity is spoken for, by whom, until when.
//
// Granted capacity is a promise: it is never taken back before its end, and while it lasts an
// answer to the same borrower never makes it smaller, because the answer may be lost and the
// borrower still act on the one before. Shares of our own callers are a plan. Together they stay
// within 90 % of the capacity known when they were given. After a start nothing is granted for the
// longest promise of our last life: the ledger is forgotten then, and its promises are not.
//
// Pure. Values only; bounded by the settings' borrowers and callers.

#include "homeostat/base/time.hpp"
#include "homeostat/mesh/limits.hpp"
#include "homeostat/mesh/names.hpp"

#include <compare>
#include <cstdint>
#include <map>

namespace homeostat::mesh {

/// Whose, and for which of their routes.
struct ShareKey {
    AgentId agent;
    RouteId route;
    friend auto operator<=>(const ShareKey&, const ShareKey&) = default;
};

class CapacityLedger {
  public:
    explicit CapacityLedger(const Limits& limits, Instant started_at)
        : share_percent_(limits.share_percent), hold_until_(started_at + limits.ttl) {}

    /// Requests a second that the service can serve, as measured now. UNITS: requests/s.
    void note_capacity(std::uint32_t rps) { capacity_rps_ = rps; }

    /// What may be promised and planned in all. UNITS: requests/s.
    [[nodiscard]] std::uint32_t budget_rps() const;

    /// What `key` could have, beside what all others hold. UNITS: requests/s.
    [[nodiscard]] std::uint32_t free_for(const ShareKey& key, Instant now) const;

    /// Promises `rps` until then, if there is room and the hold after the start is over.
    [[nodiscard]] bool grant(const ShareKey& key, std::uint32_t rps, Instant until, Instant now);

    /// Plans with so much for a caller of ours. REQUIRES: no more than is free for it.
    void plan(const ShareKey& key, std::uint32_t rps, Instant until, Instant now);
    void end_plan(const ShareKey& key) { shares_.erase(key); }

    /// Whether anybody may hold a grant of us now: who lends redirects nothing (hop limit one).
    [[nodiscard]] bool has_granted(Instant now) const;

  private:
    struct Share {
        std::uint32_t rps{0};
        Instant until{};
        bool is_granted{false};
    };

    std::uint32_t share_percent_;
    Instant hold_until_;
    std::uint32_t capacity_rps_{0};
    std::map<ShareKey, Share> shares_;
};

}  // namespace homeostat::mesh
