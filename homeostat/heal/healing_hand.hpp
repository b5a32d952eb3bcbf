#pragma once

// What an incident has in hand at present.
//
// Pure, like the nodes.

#include "homeostat/heal/incident.hpp"

namespace homeostat::heal::node {

[[nodiscard]] inline const Remedy& remedy_in_hand(const IncidentState& state) {
    return state.plan ? state.plan->remedy : state.proposal.choice.remedy;
}

[[nodiscard]] inline bool is_give_back(const IncidentState& state) {
    return state.held && state.is_undo && remedy_in_hand(state) == inverse_of(state.held->remedy);
}

/// What found its goal reached already is not our doing: it is not held, nor taken back.
[[nodiscard]] inline bool has_done_something(const IncidentState& state) {
    return state.plan && state.plan->steps_count > 0;
}

}  // namespace homeostat::heal::node
