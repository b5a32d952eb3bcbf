#include "homeostat/mesh/flap_damping.hpp"

#include <algorithm>

namespace homeostat::mesh {

void FlapDamping::note_change(const Limits& limits, Instant now) {
    while (!changes_at_.empty() && changes_at_.front() <= now - limits.changes_window) {
        changes_at_.pop_front();
    }
    changes_at_.push_back(now);
    if (changes_at_.size() >= limits.changes_max) {
        hold_down(limits, now);
    }
}

void FlapDamping::hold_down(const Limits& limits, Instant now) {
    constexpr std::uint32_t doublings_max = 16;  // Far beyond any hold_down_max.
    if (held_until_ != Instant::min() && now - held_until_ >= limits.hold_down_max) {
        holds_count_ = 0;
    }
    const Duration span = limits.hold_down * (1U << std::min(holds_count_, doublings_max));
    held_until_ = std::max(held_until_, now + std::min(span, limits.hold_down_max));
    holds_count_ += 1;
    changes_at_.clear();
}

}  // namespace homeostat::mesh
