#include "homeostat/app/demo/back_off.hpp"

#include <algorithm>

namespace homeostat::app::demo {

Instant CrashBackOff::start_after(Instant ended_at) {
    const bool is_first = !started_at_ || ended_at - *started_at_ >= limits_.forgotten_after;
    if (is_first) {
        wait_ = Duration::zero();
    } else {
        wait_ = std::clamp(2 * wait_, limits_.first, limits_.longest);
    }
    started_at_ = ended_at + wait_;
    return *started_at_;
}

}  // namespace homeostat::app::demo
