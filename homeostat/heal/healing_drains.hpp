#pragma once

// Drains of others: an instance that a person took out of rotation is replaced like any other, and
// stays out; the person who was or is in charge hears of it.
//
// Pure, like the nodes.

#include "homeostat/heal/healing_turn.hpp"

#include <string>
#include <vector>

namespace homeostat::heal::node {

/// The instances that are drained, and not by us.
[[nodiscard]] std::vector<InstanceId> drained_by_others(const Facts& facts,
                                                        const guard::History& history);

/// As `act::resolve`, with the history at hand: that an instance is drained proves no drain of
/// ours.
[[nodiscard]] Outcome outcome_of(const PendingEffect& pending,
                                 const Facts& facts,
                                 const guard::History& history);

/// Of `by_others`, whom the plan would have put back and nobody was told of yet.
[[nodiscard]] std::vector<InstanceId> left_untold(const act::Plan& plan,
                                                  const std::vector<InstanceId>& by_others);

/// Stays until a person was told that these are left as they are.
[[nodiscard]] HealingTurn tell_left_drained(IncidentState state,
                                            const std::vector<InstanceId>& left);

/// "payments-0 stays drained: …". REQUIRES: there is one.
[[nodiscard]] std::string text_of_left(const std::vector<InstanceId>& left);

}  // namespace homeostat::heal::node
