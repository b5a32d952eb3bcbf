#pragma once

// What was refused for a reason that passes by itself, and is judged anew later.
//
// The agent is asked, not the old proposal tried again: by then the cause may be another one. The
// waits double and are counted over the whole incident, so that no loop of ours is without an end.
//
// To do nothing may be chosen for want of sight: sources did not answer the agent, or the world did
// not answer us. That is judged anew after the same waits, and before them once it is seen again,
// out of the same number.
//
// Pure, like the nodes.

#include "homeostat/heal/healing_turn.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::heal::node {

/// The first, and one of a lower class.
inline constexpr std::size_t remedies_max = 2;

/// A cool-down is about as long. Doubles each time.
inline constexpr Duration judge_again_first = std::chrono::minutes{1};
/// As long as the window of the budget: nothing that passes by itself takes longer.
inline constexpr Duration judge_again_pause_max = std::chrono::minutes{10};
/// An hour or so in all. Then it is a person's alone, who was told at the first refusal.
inline constexpr std::uint32_t judge_again_max = 8;

/// Sight that comes and goes ends no wait that is shorter. Doubles each time, too.
inline constexpr Duration see_again_first = std::chrono::seconds{5};

/// To look on was chosen, for which nobody needs leave.
[[nodiscard]] inline bool does_nothing(const IncidentState& state) {
    return kind_of(state.proposal.choice.remedy) == RemedyKind::observe;
}

/// Doing nothing is no answer for long if it was chosen for want of sight.
[[nodiscard]] inline bool is_for_want_of_sight(const IncidentState& state, const Verdict& verdict) {
    return verdict.kind == VerdictKind::escalation && state.proposal.unseen && does_nothing(state);
}

/// What the edge counted so far says nothing of what comes.
inline void count_from(IncidentState& state, const Facts& facts) {
    state.edge_errors_at_open = facts.edge.errors_total;
    state.edge_requests_at_open = facts.edge.requests_total;
}

/// That the same rule has refused the same remedy for the same symptom is told again after this.
inline constexpr Duration told_again_after = std::chrono::minutes{10};

/// A symptom that comes and goes opens an incident each time, and each is refused by the same rule:
/// nobody reads the hundredth notice. Where something was begun each is told of.
[[nodiscard]] bool is_told_already(const IncidentState& state, const HealingContext& context);

/// What guard refuses in passing is judged anew later. A person is told, unless they were at an
/// earlier such refusal. REQUIRES: nothing of the remedy, or of the plan whose step it is, was
/// begun.
[[nodiscard]] HealingTurn put_off(IncidentState state,
                                  const Verdict& verdict,
                                  bool is_step,
                                  const HealingContext& context);

/// Of an incident that stands by because doing nothing was chosen while these did not answer: from
/// now on whoever sees them again may end its wait. Null: it waits for something else, or its time
/// has come.
[[nodiscard]] const std::vector<std::string>* waits_to_see(const IncidentState& state, Instant now);

/// Its time has come: once the world can be read, on to the agent.
[[nodiscard]] HealingTurn judge_again(IncidentState state,
                                      const HealingEvent& event,
                                      const HealingContext& context);

}  // namespace homeostat::heal::node
