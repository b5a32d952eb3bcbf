#pragma once

// CellClock: the time of a cell. Nothing waits for real: the clock keeps its sleepers in order and
// wakes the next of them when nothing else can run.
//
// It outlives the processes of a cell, one after another, each of which has a context of its own.
// No timer of Asio's is in it: each turn of an event loop with timers asks the kernel.
//
// Lives on one strand.

#include "homeostat/ports/clock.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace homeostat::matrix {

class CellClock final : public ports::Clock {
  public:
    /// Of the process that lives now.
    void lead_to(boost::asio::io_context& context) { context_ = &context; }

    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] WallTime wall_now() const override {
        constexpr WallTime begin{std::chrono::sys_days{std::chrono::year{2026} / 11 / 30}};
        return begin + std::chrono::floor<std::chrono::milliseconds>(now_.time_since_epoch());
    }

    Task<void> sleep_until(Instant at) override {
        auto lie_down = [this, at](auto handler) {
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

    /// Runs everything until `is_done`, for at most `span`. Says whether it is.
    bool run_until(const std::function<bool()>& is_done, Duration span) {
        const Instant ends_at = now_ + span;
        while (!is_done()) {
            context_->restart();
            if (context_->poll_one() > 0) {
                continue;
            }
            if (sleepers_.empty() || sleepers_.begin()->first.first > ends_at) {
                now_ = ends_at;
                return is_done();
            }
            now_ = std::max(now_, sleepers_.begin()->first.first);
            wake(Key(sleepers_.begin()->first));
        }
        return true;
    }

    /// None of them wakes any more. Their context has to go next: it ends their coroutines.
    void forget_all() { sleepers_.clear(); }

  private:
    /// Of equal instants the first to sleep is first.
    using Key = std::pair<Instant, std::uint64_t>;

    /// One who has woken already sleeps no longer.
    void wake(const Key& key) {
        if (auto sleeper = sleepers_.extract(key)) {
            boost::asio::post(*context_, std::move(sleeper.mapped()));
        }
    }

    boost::asio::io_context* context_{nullptr};
    Instant now_{std::chrono::hours{1}};
    std::map<Key, std::move_only_function<void()>> sleepers_;
    std::uint64_t sleeps_count_{0};
};

}  // namespace homeostat::matrix
