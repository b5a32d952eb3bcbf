#pragma once

// PostgresFleet: the budgets of fleets, counted in a PostgreSQL.
//
// Whoever asks locks the fleet's row first, so two agents never count past each other, and every
// time is the server's. A grant is one transaction: where its end is not known, asking again for
// the same place finds it or makes it. What it grants is bounded by what is in its tables; a
// replica that was promoted without the last of them grants more (docs/fleet.md).
//
// Blocks, but no call for longer than its deadlines where the server answers at all. Not
// thread-safe.

#include "homeostat/adapters/postgres/postgres_options.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/fleet_word.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace homeostat::adapters::postgres {

/// Who asks: effects are named anew by each ledger.
struct FleetAgent {
    std::string ledger;
    std::string service;
};

/// How much of a fleet's budget is in use.
struct FleetView {
    std::uint64_t in_hand_count{0};
    std::uint64_t begun_count{0};  ///< Within the window.
    std::string holders{};         ///< Services that have one in hand, with commas.
};

class PostgresFleet {
  public:
    explicit PostgresFleet(PostgresOptions options);
    ~PostgresFleet();
    PostgresFleet(const PostgresFleet&) = delete;
    PostgresFleet& operator=(const PostgresFleet&) = delete;

    /// `is_waited_for`: asked right before a grant is committed; a place that nobody takes is held
    /// by nobody. ERRORS: as outbox::Sink; late: nobody waits any longer; none of them grants
    /// anything.
    [[nodiscard]] Result<FleetWord> take(const FleetAgent& agent,
                                         const FleetAsk& ask,
                                         const std::function<bool()>& is_waited_for);

    /// `was_used`: it goes on counting for the window. Nothing is done where the place was granted
    /// anew since, or is another's. ERRORS: likewise.
    [[nodiscard]] Result<void> give_back(const FleetAgent& agent,
                                         const std::string& fleet,
                                         const FleetWord& granted,
                                         bool was_used);

    /// Changes nothing but that it makes the tables. ERRORS: likewise.
    [[nodiscard]] Result<FleetView> look(const FleetLimits& limits);

    struct State;

  private:
    std::unique_ptr<State> state_;
};

}  // namespace homeostat::adapters::postgres
