#pragma once

// OutsideDesk: what has to be agreed with somebody outside right before a remedy begins: whether
// they have the decision, and whether the fleet's budget has a place for it.
//
// Both can only withhold: what they answer becomes facts, and guard decides by these. It knows the
// chain of the ledger's last groups, and takes no word from outside that is not in it.
//
// Lives on one strand; not thread-safe. What it is given outlives it.

#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/confirmation.hpp"
#include "homeostat/domain/fleet_word.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/heal/port_calls.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/confirmations.hpp"
#include "homeostat/ports/fleet_budget.hpp"
#include "homeostat/ports/ledger.hpp"

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::heal {

class OutsideDesk {
  public:
    /// Null: nobody confirms anything; it grants nothing.
    OutsideDesk(PortCalls& calls,
                ports::Clock& clock,
                ports::ConfirmationSource* confirmations,
                ports::FleetBudget* fleet)
        : calls_(calls), clock_(clock), confirmations_(confirmations), fleet_(fleet) {}

    /// The ledger has taken a group.
    void note(const ports::Position& position);

    /// The last group that it took; absent: none yet.
    [[nodiscard]] std::optional<std::uint64_t> ledger_end() const;

    /// Who of `names` has the group `decided_in`. Waits for those that do not have it yet, but not
    /// for long.
    Task<Confirmations> await(std::optional<std::uint64_t> decided_in,
                              std::vector<std::string> names);

    /// Says as well that nobody could be asked.
    Task<FleetWord> take(FleetAsk ask);

    Task<void> give_back(FleetWord granted, bool was_used);

  private:
    [[nodiscard]] Confirmations look(std::optional<std::uint64_t> decided_in,
                                     const std::vector<std::string>& names) const;
    [[nodiscard]] Confirmation word_of(const std::string& name) const;

    PortCalls& calls_;
    ports::Clock& clock_;
    ports::ConfirmationSource* confirmations_;
    ports::FleetBudget* fleet_;
    std::list<ports::Position> chain_;  ///< Of the ledger's last groups, oldest first.
};

}  // namespace homeostat::heal
