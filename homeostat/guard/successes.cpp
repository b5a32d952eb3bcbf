#include "homeostat/guard/successes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace homeostat::guard {

namespace {

bool is_alike(const Success& one, const Success& other) {
    return one.remedy == other.remedy && one.task == other.task && one.of == other.of;
}

}  // namespace

void Successes::learn(Success success) {
    const auto is_same = [&](const Success& one) {
        return one.incident == success.incident && is_alike(one, success);
    };
    if (const auto found = std::ranges::find_if(successes_, is_same); found != successes_.end()) {
        found->proven_at = success.proven_at;
        return;
    }
    successes_.push_back(std::move(success));
    const Instant latest = successes_.back().proven_at;
    while (successes_.size() > successes_max ||
           latest - successes_.front().proven_at > window_max) {
        successes_.pop_front();
    }
}

void Successes::learn(const PromotedBody& promoted) {
    std::erase_if(successes_, [&](const Success& one) {
        return one.remedy == promoted.remedy && (!promoted.task || one.task == promoted.task);
    });
}

void Successes::move_back(Duration by) {
    for (Success& success : successes_) {
        success.opened_at -= by;
        success.proven_at -= by;
    }
}

std::vector<Success> Successes::like(const Success& success, Instant since) const {
    std::vector<Success> found;
    std::ranges::copy_if(successes_, std::back_inserter(found), [&](const Success& one) {
        return is_alike(one, success) && one.incident != success.incident && one.proven_at > since;
    });
    std::ranges::sort(found, {},
                      [](const Success& one) { return std::pair{one.proven_at, one.incident}; });
    return found;
}

}  // namespace homeostat::guard
