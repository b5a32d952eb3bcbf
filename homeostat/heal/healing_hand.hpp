#pragma once

// What an incident has in hand at present.
//
// Pure, like the nodes.

#include "homeostat/heal/healing_graph.hpp"

#include <string>
#include <variant>

namespace homeostat::heal::node {

[[nodiscard]] inline const Remedy& remedy_in_hand(const IncidentState& state) {
    return state.plan ? state.plan->remedy : state.proposal.choice.remedy;
}

[[nodiscard]] inline bool is_reflex(const IncidentState& state) {
    return !state.is_undo && homeostat::is_reflex(state.proposal.symptom, remedy_in_hand(state));
}

/// A reflex has started the process, and did not help. Guard backs off and counts.
[[nodiscard]] inline bool restarts_anew(const IncidentState& state) {
    return is_reflex(state) && std::holds_alternative<Restart>(state.proposal.choice.remedy) &&
           !state.tried.empty();
}

[[nodiscard]] inline bool is_give_back(const IncidentState& state) {
    return state.held && state.is_undo && remedy_in_hand(state) == inverse_of(state.held->remedy);
}

/// What found its goal reached already is not our doing: it is not held, nor taken back.
[[nodiscard]] inline bool has_done_something(const IncidentState& state) {
    return state.plan && state.plan->steps_count > 0;
}

/// As far as an undo would take it back: whatever of it was announced and refused, somebody else
/// may have done instead, and it is not ours to hold, to take back or to be proud of.
[[nodiscard]] inline bool is_done_by_us(const IncidentState& state, const HealingContext& context) {
    const homeostat::guard::IncidentMemory* memory = context.around.history->find(state.id);
    return has_done_something(state) && (memory == nullptr || !memory->effects_last.empty());
}

/// Why a remedy is given up that took too long. A task that was started may still be at work, with
/// nobody to end it: a person has to look.
[[nodiscard]] inline std::string trouble_of_overdue(const IncidentState& state) {
    const auto* run = state.pending ? std::get_if<Run>(&state.pending->step) : nullptr;
    return run == nullptr
               ? "the remedy took too long and was given up"
               : "what became of " + run->task.text() +
                     " is not known, and it may still run (`homeostat remedy list` tells); "
                     "nothing else is done until it has ended";
}

}  // namespace homeostat::heal::node
