#include "homeostat/adapters/taxii/indicators.hpp"

#include <algorithm>
#include <chrono>

namespace homeostat::adapters::taxii {

namespace {

/// Nanoseconds end after 292 years, and the year 9999 is further away than that.
constexpr WallTime::duration lasts_max = std::chrono::days{366};

}  // namespace

void Indicators::touch(const std::vector<Network>& networks) {
    if (touched_.size() + networks.size() > touched_max) {
        ++skipped_;
        return;
    }
    touched_.insert(networks.begin(), networks.end());
}

void Indicators::take(const Indicator& indicator, WallTime now) {
    const auto older = held_.find(indicator.id);
    if (older != held_.end()) {
        if (indicator.modified < older->second.modified) {
            return;
        }
        touch(older->second.networks);
        release(older->second);
        held_.erase(older);
    }
    if (indicator.claim == Claim::revoked) {
        // Perhaps it was listed by a version that was let go here since.
        touch(indicator.networks);
    }
    if (indicator.claim == Claim::lists && now < indicator.until) {
        hold(indicator, now);
    }
}

void Indicators::hold(const Indicator& indicator, WallTime now) {
    const std::size_t count = indicator.networks.size();
    if (spans_.size() + count > networks_max || touched_.size() + count > touched_max) {
        ++skipped_;
        return;
    }
    const std::uint64_t number = ++numbers_;
    for (const Network& network : indicator.networks) {
        spans_.try_emplace({network, number}, indicator.from, indicator.until, indicator.reason);
        touched_.insert(network);
        if (now < indicator.from) {
            waiting_.emplace(indicator.from, network, number);
        }
    }
    held_.try_emplace(indicator.id, indicator.modified, indicator.until, number, whole_,
                      indicator.networks);
}

void Indicators::release(const Held& held) {
    for (const Network& network : held.networks) {
        const auto span = spans_.find({network, held.number});
        if (span != spans_.end()) {  // A pattern may name the same address twice.
            waiting_.erase({span->second.from, network, held.number});
            spans_.erase(span);
        }
    }
}

void Indicators::end_whole(WallTime now) {
    std::erase_if(held_, [this, now](const auto& entry) {
        const Held& held = entry.second;
        const bool is_gone = held.whole != whole_ || held.until <= now;
        if (is_gone) {
            release(held);
        }
        return is_gone;
    });
}

std::optional<Listing> Indicators::listing_of(const Network& network, WallTime now) const {
    std::optional<Listing> listing;
    for (auto one = spans_.lower_bound({network, 0});
         one != spans_.end() && one->first.first == network; ++one) {
        const Span& span = one->second;
        if (now < span.from || span.until <= now) {
            continue;
        }
        const Duration lasts = std::min(span.until - now, lasts_max);
        if (!listing) {
            listing = Listing{network, span.reason, lasts};
        }
        listing->lasts = std::max(*listing->lasts, lasts);
    }
    return listing;
}

FeedUpdate Indicators::changes(WallTime now) {
    while (!waiting_.empty() && std::get<WallTime>(*waiting_.begin()) <= now) {
        touched_.insert(std::get<Network>(*waiting_.begin()));
        waiting_.erase(waiting_.begin());
    }
    FeedUpdate update;
    update.skipped = std::exchange(skipped_, 0);
    for (const Network& network : std::exchange(touched_, {})) {
        if (std::optional<Listing> listing = listing_of(network, now)) {
            update.listed.push_back(*std::move(listing));
        } else {
            update.removed.push_back(network);
        }
    }
    return update;
}

}  // namespace homeostat::adapters::taxii
