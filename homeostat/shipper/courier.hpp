#pragma once

// Courier: brings one sink what it lacks of a ledger, in order, and says how far it is.
//
// It has a thread of its own, because a sink may block: one that hangs holds up no other, and none
// holds up the agent, which does not wait for any of them. Nothing waits in memory but one batch;
// what a sink lacks stands in the ledger.
//
// run() and catch_up() are for that one thread; state() is thread-safe.

#include "homeostat/app/sink_states.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/outbox/sink.hpp"
#include "homeostat/shipper/ledger_tail.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace homeostat::shipper {

struct CourierPace {
    /// Between two looks at a ledger that has nothing new: a stat.
    std::chrono::milliseconds look_every{250};
    std::chrono::milliseconds back_off_first{500};  ///< Doubles from one failure to the next.
    std::chrono::milliseconds back_off_max{30'000};
};

/// What a sink is called, and who hears of its troubles.
struct CourierNames {
    std::string sink;
    std::string kind;
    std::string service;
    std::function<void(const std::string&)> tell{};  ///< A line each; called on its thread.
    /// Told how far the sink has the ledger, by its own word; empty: nobody waits for it. Likewise.
    std::function<void(const outbox::Cursor&)> confirmed{};
};

class Courier {
  public:
    Courier(CourierNames names,
            std::unique_ptr<outbox::Sink> sink,
            LedgerTail tail,
            CourierPace pace = {});

    /// Until it is asked to stop, or the sink has to be stopped.
    void run(const std::stop_token& stop);

    /// Until the sink has everything that is there. ERRORS: the first one, whatever it is.
    [[nodiscard]] Result<void> catch_up(const std::stop_token& stop);

    /// `last_group`: of the ledger, if it is known, so that the distance can be told.
    [[nodiscard]] app::SinkState state(std::optional<std::uint64_t> last_group, WallTime now) const;

  private:
    /// What is behind a success.
    enum class Step : std::uint8_t { sent, nothing_new };
    [[nodiscard]] Result<Step> step();
    [[nodiscard]] Result<void> resume();
    void tell_confirmed() const;
    void note_error(const Error& error);
    void note_success();
    void rest(const std::stop_token& stop, std::chrono::milliseconds span);

    /// What is told of it.
    struct Shared {
        app::SinkStanding standing{app::SinkStanding::starting};
        std::optional<std::uint64_t> next_group{};
        std::optional<WallTime> waits_since{};  ///< Of the oldest group that is being sent.
        std::optional<std::chrono::steady_clock::time_point> busy_since{};
        std::uint64_t entries_sent{0};
        std::uint64_t groups_missed{0};
        std::string trouble{};
    };

    CourierNames names_;
    std::unique_ptr<outbox::Sink> sink_;
    LedgerTail tail_;
    CourierPace pace_;
    std::string ledger_;
    std::optional<outbox::Cursor> cursor_;
    mutable std::mutex mutex_;  ///< Of shared_, for a few instructions at a time.
    std::condition_variable_any stopped_;
    Shared shared_;
};

}  // namespace homeostat::shipper
