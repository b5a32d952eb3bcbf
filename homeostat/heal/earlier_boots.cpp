#include "homeostat/heal/earlier_boots.hpp"

#include <algorithm>

namespace homeostat::heal {

Instant EarlierBoots::instant_of(const EntryGroup& group, guard::History& history) {
    reach(group.boot_id, history);
    const Instant at = group.boot_id == present_ ? std::min(group.at, recovered_at_) : group.at;
    last_at_ = std::max(last_at_, at);
    return at;
}

void EarlierBoots::reach_present(guard::History& history) {
    reach(present_, history);
}

void EarlierBoots::reach(const std::string& boot, guard::History& history) {
    if (boot_ && *boot_ != boot) {
        history.move_back(last_at_ - Instant{});
        last_at_ = Instant{};
    }
    boot_ = boot;
}

}  // namespace homeostat::heal
