#pragma once

// LabClock: the machine's time, for one life of ours. Nothing waits for real.
//
// It keeps its sleepers in order; the driver (lab_process.hpp) lets the machine's time go on to the
// next of them when nothing else can run. No timer of Asio's is in it: each turn of an event loop
// with timers asks the kernel.
//
// Lives on one strand.

#include "homeostat/ports/clock.hpp"
#include "homeostat/sim/run/machine.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace homeostat::sim {

class LabClock final : public ports::Clock {
  public:
    LabClock(Machine& machine, boost::asio::io_context& context)
        : machine_(machine), context_(context) {}

    [[nodiscard]] Instant now() const override { return machine_.told_now(); }
    [[nodiscard]] WallTime wall_now() const override {
        const Duration told = machine_.now().time_since_epoch() + machine_.wall_ahead();
        return WallTime{std::chrono::floor<std::chrono::milliseconds>(told)};
    }

    Task<void> sleep_until(Instant at) override {
        auto lie_down = [this, at = machine_.true_of(at)](auto handler) {
            const Key key{at, sleeps_count_++};
            auto slot = boost::asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected()) {
                slot.assign([this, key](boost::asio::cancellation_type) { wake(key); });
            }
            sleepers_.emplace(key, std::move(handler));
        };
        return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
            std::move(lie_down), boost::asio::use_awaitable);
    }

    [[nodiscard]] std::optional<Instant> next() const {
        return sleepers_.empty() ? std::nullopt : std::optional(sleepers_.begin()->first.first);
    }

    /// REQUIRES: somebody sleeps.
    void wake_first() { wake(sleepers_.begin()->first); }

    /// None of them wakes any more. The context has to go next: it ends their coroutines.
    void forget_all() { sleepers_.clear(); }

  private:
    /// Of equal instants the first to sleep is first.
    using Key = std::pair<Instant, std::uint64_t>;

    /// One who has woken already sleeps no longer.
    void wake(const Key& key) {
        if (auto sleeper = sleepers_.extract(key)) {
            boost::asio::post(context_, std::move(sleeper.mapped()));
        }
    }

    Machine& machine_;
    boost::asio::io_context& context_;
    std::map<Key, std::move_only_function<void()>> sleepers_;
    std::uint64_t sleeps_count_{0};
};

}  // namespace homeostat::sim
