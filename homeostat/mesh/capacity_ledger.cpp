#include "homeostat/mesh/capacity_ledger.hpp"

#include "homeostat/base/ensure.hpp"

#include <algorithm>

namespace homeostat::mesh {

std::uint32_t CapacityLedger::budget_rps() const {
    constexpr std::uint64_t percent = 100;
    return static_cast<std::uint32_t>(std::uint64_t{capacity_rps_} * share_percent_ / percent);
}

std::uint32_t CapacityLedger::free_for(const ShareKey& key, Instant now) const {
    const std::uint64_t budget = budget_rps();
    std::uint64_t taken = 0;
    for (const auto& [holder, share] : shares_) {
        taken += holder != key && share.until > now ? share.rps : 0;
    }
    return static_cast<std::uint32_t>(budget - std::min(budget, taken));
}

bool CapacityLedger::grant(const ShareKey& key, std::uint32_t rps, Instant until, Instant now) {
    const auto old = shares_.find(key);
    const bool is_alive = old != shares_.end() && old->second.until > now;
    const std::uint32_t promised = is_alive ? std::max(rps, old->second.rps) : rps;
    if (now < hold_until_ || promised > free_for(key, now)) {
        return false;
    }
    const Instant end = is_alive ? std::max(until, old->second.until) : until;
    shares_[key] = {promised, end, true};
    return true;
}

void CapacityLedger::plan(const ShareKey& key, std::uint32_t rps, Instant until, Instant now) {
    ensure(rps <= free_for(key, now), "no more is planned than there is");
    shares_[key] = {rps, until, false};
}

bool CapacityLedger::has_granted(Instant now) const {
    const bool is_one_alive = std::ranges::any_of(shares_, [now](const auto& item) {
        return item.second.is_granted && item.second.until > now;
    });
    return is_one_alive || now < hold_until_;
}

}  // namespace homeostat::mesh
