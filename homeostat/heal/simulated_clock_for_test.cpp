#include "homeostat/heal/simulated_clock_for_test.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>

namespace homeostat::heal {

WallTime SimulatedClock::wall_now() const {
    const Duration told = world_.now.time_since_epoch() + wall_ahead;
    return WallTime{std::chrono::floor<std::chrono::milliseconds>(told)};
}

Task<void> SimulatedClock::sleep_until(Instant at) {
    boost::asio::steady_timer timer(context_, boost::asio::steady_timer::time_point::max());
    const Sleeper sleeper(*this, at, timer);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

bool SimulatedClock::run_until(const std::function<bool()>& is_done, Duration span) {
    const Instant ends_at = world_.now + span;
    while (!is_done()) {
        context_.restart();
        if (context_.poll_one() > 0) {
            continue;
        }
        if (sleepers_.empty() || sleepers_.begin()->first.first > ends_at) {
            world_.pass(ends_at - world_.now);
            return is_done();
        }
        const auto next = sleepers_.begin();
        world_.pass(std::max(next->first.first - world_.now, Duration{}));
        boost::asio::steady_timer& timer = *next->second;
        sleepers_.erase(next);
        timer.cancel();
    }
    return true;
}

void SimulatedClock::run_for(Duration span) {
    (void)run_until([] { return false; }, span);
}

}  // namespace homeostat::heal
