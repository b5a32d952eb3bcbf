#pragma once

// A rollout that is let stand until a person or a rollback decides (ADR 34).
//
// It does not cure: the symptom goes on where the new instances serve, and nothing is proven by
// requests but that it stands. So it is not verified as others are, and not taken back for not
// having helped; it is held, a cure is asked for meanwhile, and whoever may agree to that is asked.
//
// Pure, like the nodes.

#include "homeostat/heal/healing_graph.hpp"

#include <optional>
#include <string>
#include <variant>

namespace homeostat::heal::node {

/// A rollout stands by this incident's hand.
[[nodiscard]] inline bool lets_stand(const IncidentState& state) {
    return state.held && std::holds_alternative<PauseRollout>(state.held->remedy);
}

/// Where it makes a difference to an incident that its symptom is gone. What a rollout that stands
/// has brought keeps on meeting users, so that it does there, too.
[[nodiscard]] inline bool heeds_end(const HealingThread& thread) {
    const std::string node = node_of(thread);
    const IncidentState& state = incident_of(thread);
    return node == "guard" || node == "ask" || node == "rejudge" || node == "stand_by" ||
           (node == "hold" && lets_stand(state) && !state.is_cleared);
}

/// What guard permits at once in the place of a rollback that it does not permit now: the pause of
/// the same rollout, if the agent has it on the menu. `asked`: the case of the rollback.
[[nodiscard]] std::optional<Remedy> stopgap_for(homeostat::guard::Case asked,
                                                const IncidentState& state,
                                                const Facts& facts,
                                                const HealingContext& context);

/// The stopgap is what is to be done now; guard looks at it anew.
[[nodiscard]] HealingTurn choose_stopgap(IncidentState state, Remedy stopgap, VerdictBody refused);

/// The plan has let it stand.
[[nodiscard]] HealingTurn hold_rollout(IncidentState state,
                                       const Facts& facts,
                                       const HealingContext& context);

/// Its time is up and it is not well: it stands on, and a person is called until they were told.
[[nodiscard]] HealingTurn leave_to_person(IncidentState state,
                                          std::string because,
                                          const HealingContext& context);

/// What an event says of that call.
[[nodiscard]] IncidentState hear_of_call(IncidentState state, const HealingEvent& event);

}  // namespace homeostat::heal::node
