#pragma once

// What a person has taken back: the turns of an order, and of what is held.
//
// Pure, like the nodes.

#include "homeostat/heal/healing_turn.hpp"

#include <optional>
#include <string>

namespace homeostat::heal::node {

/// Straight to act, where guard is asked about each step. REQUIRES: an order.
[[nodiscard]] HealingTurn begin_order(IncidentState state, const HealingContext& context);

/// An order of which nothing was done: it waits, as what has begun does not.
[[nodiscard]] bool has_yet_to_begin(const IncidentState& state);

/// And the time in which it may begin is over.
[[nodiscard]] bool has_lapsed(const IncidentState& state, const HealingContext& context);

/// Why what was signed for an order is no leave for it by now; absent: it is, nobody has to sign,
/// or it has begun.
[[nodiscard]] std::optional<std::string> trouble_of_order(const IncidentState& state,
                                                          const Facts& facts,
                                                          const HealingContext& context);

/// The time of all that is held is up, and a person has said so. REQUIRES: something is held.
[[nodiscard]] HealingTurn take_back(IncidentState state,
                                    const TakenBack& said,
                                    const HealingContext& context);

}  // namespace homeostat::heal::node
