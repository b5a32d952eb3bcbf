#pragma once

// LabClock: the machine's time, for one life of ours. Nothing waits for real.
//
// It keeps its sleepers in order; the driver (lab_process.hpp) lets the machine's time go on to the
// next of them when nothing else can run.
//
// Lives on one strand.

#include "homeostat/ports/clock.hpp"
#include "homeostat/sim/run/machine.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace homeostat::sim {

class LabClock final : public ports::Clock {
  public:
    LabClock(Machine& machine, boost::asio::io_context& context)
        : machine_(machine), context_(context) {}

    [[nodiscard]] Instant now() const override { return machine_.now(); }
    [[nodiscard]] WallTime wall_now() const override {
        const Duration told = machine_.now().time_since_epoch() + machine_.wall_ahead();
        return WallTime{std::chrono::floor<std::chrono::milliseconds>(told)};
    }

    Task<void> sleep_until(Instant at) override {
        boost::asio::steady_timer timer(context_, boost::asio::steady_timer::time_point::max());
        const Sleeper sleeper(*this, at, timer);
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }

    [[nodiscard]] std::optional<Instant> next() const {
        return sleepers_.empty() ? std::nullopt : std::optional(sleepers_.begin()->first.first);
    }

    /// REQUIRES: somebody sleeps.
    void wake_first() {
        boost::asio::steady_timer& timer = *sleepers_.begin()->second;
        sleepers_.erase(sleepers_.begin());
        timer.cancel();
    }

  private:
    /// Of equal instants the first to sleep is first.
    using Key = std::pair<Instant, std::uint64_t>;

    /// A place in the order, given up however the sleep ends.
    class Sleeper {
      public:
        Sleeper(LabClock& clock, Instant at, boost::asio::steady_timer& timer)
            : clock_(clock), key_(at, clock.sleeps_count_++) {
            clock_.sleepers_[key_] = &timer;
        }
        ~Sleeper() { clock_.sleepers_.erase(key_); }
        Sleeper(const Sleeper&) = delete;
        Sleeper& operator=(const Sleeper&) = delete;

      private:
        LabClock& clock_;
        Key key_;
    };

    Machine& machine_;
    boost::asio::io_context& context_;
    std::map<Key, boost::asio::steady_timer*> sleepers_;
    std::uint64_t sleeps_count_{0};
};

}  // namespace homeostat::sim
