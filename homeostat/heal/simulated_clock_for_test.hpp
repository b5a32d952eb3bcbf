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

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

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
    [[nodiscard]] WallTime wall_now() const override;

    Duration wall_ahead{};  ///< Somebody has set the clock on the wall by so much.

    Task<void> sleep_until(Instant at) override;

    /// Runs everything until `is_done`, for at most `span` of the world's time. Says whether it is.
    bool run_until(const std::function<bool()>& is_done, Duration span);

    void run_for(Duration span);

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
