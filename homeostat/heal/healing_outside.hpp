#pragma once

// What a node asks of others outside right before a remedy begins: whether they have the decision,
// and for a place in the budget of the fleet.
//
// Pure, like the nodes.

#include "homeostat/heal/healing_turn.hpp"

namespace homeostat::heal::node {

/// All rules agree but those about others outside, who were not asked.
[[nodiscard]] bool is_to_ask_outside(const Verdict& verdict, const Facts& facts);

/// Looks at the world once more, with their words in it.
[[nodiscard]] HealingTurn ask_outside(IncidentState state,
                                      const homeostat::guard::Case& asked,
                                      const Verdict& verdict,
                                      EffectId effect,
                                      const HealingContext& context);

}  // namespace homeostat::heal::node
