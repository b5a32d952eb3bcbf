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

#include <algorithm>
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

    [[nodiscard]] Result<ports::HeldOutside> last_word(const std::string& from) const override {
        if (follows) {
            const std::optional<ports::HeldOutside> word = follows();
            return word ? Result<ports::HeldOutside>(*word) : fail(Fault::absent, "it is away");
        }
        const bool is_later = clock != nullptr && clock->now() >= come_at;
        const auto& known = is_later ? words_later : words;
        const auto found = known.find(from);
        return found == known.end() ? fail(Fault::absent, "it has confirmed nothing yet")
                                    : Result<ports::HeldOutside>(found->second);
    }
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
    void occupy(const std::string& place, Instant now, Duration holds_for) {
        places[place] = {now, now + holds_for, ++tickets_count};
    }
    [[nodiscard]] std::size_t in_hand(Instant now) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            places, [&](const auto& one) { return one.second.ends_at > now; }));
    }
};

/// Counts as the real one does, by the world's clock.
class SimulatedFleet final : public ports::FleetBudget {
  public:
    SimulatedFleet(SimulatedFleetStore& store, SimulatedClock& clock)
        : store_(store), clock_(clock) {}

    Task<Result<FleetWord>> take(FleetAsk ask, Instant /*deadline*/) override {
        store_.asked_count += 1;
        if (store_.never_answers) {
            co_await clock_.sleep_until(Instant::max());
        }
        co_await clock_.sleep_until(clock_.now() + store_.answers_after);
        if (!store_.trouble.empty()) {
            co_return fail(Fault::unreachable, store_.trouble);
        }
        FleetWord word = grant(ask);
        if (store_.loses_answers) {
            co_return fail(Fault::broken, "the connection was lost");
        }
        co_return word;
    }

    Task<Result<void>> give_back(FleetWord granted, bool was_used, Instant /*deadline*/) override {
        if (!store_.trouble.empty()) {
            co_return fail(Fault::unreachable, store_.trouble);
        }
        const auto found = store_.places.find(granted.place.text());
        if (found != store_.places.end() && found->second.ticket == granted.ticket) {
            if (was_used) {
                found->second.ends_at = clock_.now();
            } else {
                store_.places.erase(found);
            }
        }
        co_return Result<void>{};
    }

  private:
    [[nodiscard]] FleetWord grant(const FleetAsk& ask) {
        const Instant now = clock_.now();
        FleetWord word{.place = ask.place, .says = FleetSays::full, .because = "no more may be"};
        const auto known = store_.places.find(ask.place.text());
        const bool is_known = known != store_.places.end();
        const bool is_in_hand = is_known && known->second.ends_at > now;
        const bool is_counted = is_known && known->second.began_at > now - ask.limits.window;
        const auto begun_count =
            static_cast<std::size_t>(std::ranges::count_if(store_.places, [&](const auto& one) {
                return one.second.began_at > now - ask.limits.window;
            }));
        const bool has_room = (is_in_hand || store_.in_hand(now) < ask.limits.at_once_max) &&
                              (is_counted || begun_count < ask.limits.remedies_max);
        if (has_room) {
            SimulatedFleetStore::Place& place = store_.places[ask.place.text()];
            place = {now, now + ask.holds_for, ++store_.tickets_count};
            word = {.place = ask.place, .says = FleetSays::granted, .ticket = place.ticket};
        }
        return word;
    }

    SimulatedFleetStore& store_;
    SimulatedClock& clock_;
};

}  // namespace homeostat::heal
