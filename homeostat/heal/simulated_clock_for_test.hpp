#pragma once

// SimulatedClock: the time of a simulated world, for code that awaits.
//
// Nothing waits for real: the clock keeps its sleepers in order, and `run_until` lets the world's
// time go on to the next of them when nothing else can run. So a minute of an incident takes
// milliseconds, and takes the same course each time.
//
// Lives on one strand, like the roles.

#include "homeostat/heal/simulated_world_for_test.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace homeostat::heal {

class SimulatedClock final : public ports::Clock {
  public:
    SimulatedClock(SimulatedWorld& world, boost::asio::io_context& context)
        : world_(world), context_(context) {}

    [[nodiscard]] Instant now() const override { return world_.now; }
    [[nodiscard]] WallTime wall_now() const override {
        const Duration told = world_.now.time_since_epoch() + wall_ahead;
        return WallTime{std::chrono::floor<std::chrono::milliseconds>(told)};
    }

    Duration wall_ahead{};  ///< Somebody has set the clock on the wall by so much.

    Task<void> sleep_until(Instant at) override {
        boost::asio::steady_timer timer(context_, boost::asio::steady_timer::time_point::max());
        const Sleeper sleeper(*this, at, timer);
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }

    /// Runs everything until `is_done`, for at most `span` of the world's time. Says whether it is.
    bool run_until(const std::function<bool()>& is_done, Duration span) {
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

    void run_for(Duration span) {
        (void)run_until([] { return false; }, span);
    }

  private:
    using Key =
        std::pair<Instant, std::uint64_t>;  // Of equal instants the first to sleep is first.

    /// A place in the order, given up however the sleep ends.
    class Sleeper {
      public:
        Sleeper(SimulatedClock& clock, Instant at, boost::asio::steady_timer& timer)
            : clock_(clock), key_(at, clock.sleeps_count_++) {
            clock_.sleepers_[key_] = &timer;
        }
        ~Sleeper() { clock_.sleepers_.erase(key_); }
        Sleeper(const Sleeper&) = delete;
        Sleeper& operator=(const Sleeper&) = delete;

      private:
        SimulatedClock& clock_;
        Key key_;
    };

    SimulatedWorld& world_;
    boost::asio::io_context& context_;
    std::map<Key, boost::asio::steady_timer*> sleepers_;
    std::uint64_t sleeps_count_{0};
};

}  // namespace homeostat::heal
