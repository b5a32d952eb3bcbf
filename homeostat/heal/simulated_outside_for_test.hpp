#pragma once

// Those outside, simulated: who confirms what they have of a ledger, and the budget of a fleet,
// with the faults that such a store has: it is away, it is slow, it loses its answer. It never
// lies.
//
// Lives on one strand, like the roles.

#include "homeostat/domain/fleet_word.hpp"
#include "homeostat/heal/simulated_clock_for_test.hpp"
#include "homeostat/ports/confirmations.hpp"
#include "homeostat/ports/fleet_budget.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::heal {

class SimulatedConfirmations final : public ports::ConfirmationSource {
  public:
    std::map<std::string, ports::HeldOutside> words;
    std::map<std::string, ports::HeldOutside> words_later;  ///< From `come_at` on.
    Instant come_at{Instant::max()};
    SimulatedClock* clock{nullptr};
    std::function<std::optional<ports::HeldOutside>()> follows;  ///< Instead of `words`, if set.
    mutable std::vector<std::string> hurried;

    [[nodiscard]] Result<ports::HeldOutside> last_word(const std::string& from) const override;
    void hurry(const std::string& from) override { hurried.push_back(from); }
};

/// What is counted of a fleet, and how its store fails. Outlives every process.
struct SimulatedFleetStore {
    struct Place {
        Instant began_at{};
        Instant ends_at{};
        std::uint64_t ticket{0};
    };

    std::map<std::string, Place> places;
    std::uint64_t tickets_count{0};
    std::string trouble;  ///< It cannot be reached; empty: it can.
    bool never_answers{false};
    bool loses_answers{false};  ///< It counts, and nobody hears of it.
    Duration answers_after{};
    std::uint32_t asked_count{0};

    /// Of another agent, which has begun at `now`.
    void occupy(const std::string& place, Instant now, Duration holds_for);
    [[nodiscard]] std::size_t in_hand(Instant now) const;
};

/// Counts as the real one does, by the world's clock.
class SimulatedFleet final : public ports::FleetBudget {
  public:
    SimulatedFleet(SimulatedFleetStore& store, SimulatedClock& clock)
        : store_(store), clock_(clock) {}

    Task<Result<FleetWord>> take(FleetAsk ask, Instant /*deadline*/) override;

    Task<Result<void>> give_back(FleetWord granted, bool was_used, Instant /*deadline*/) override;

  private:
    [[nodiscard]] FleetWord grant(const FleetAsk& ask);

    SimulatedFleetStore& store_;
    SimulatedClock& clock_;
};

}  // namespace homeostat::heal
