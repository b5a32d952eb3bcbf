#pragma once

// What a node is written with: what an event brings, and the turns that answer it.
//
// Pure, like the nodes.

#include "homeostat/heal/healing_graph.hpp"
#include "homeostat/record/redact.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::heal::node {

/// A part of the world did not answer: long enough not to crowd it, short against any deadline.
inline constexpr Duration reread_after = std::chrono::milliseconds{250};

template <class M>
[[nodiscard]] const M* message_in(const HealingEvent& event) {
    const auto* message = std::get_if<Incident::Message>(&event);
    return message == nullptr ? nullptr : std::get_if<M>(message);
}

[[nodiscard]] inline HealingTurn stay(IncidentState state) {
    return {.state = std::move(state)};
}

[[nodiscard]] inline HealingTurn go(IncidentState state, std::string_view next) {
    return {.state = std::move(state), .next = next};
}

[[nodiscard]] inline HealingTurn read_facts(IncidentState state) {
    HealingTurn turn{.state = std::move(state)};
    turn.commands.emplace_back(ReadFacts{});
    return turn;
}

[[nodiscard]] inline HealingTurn wait_until(IncidentState state, Instant at) {
    return {.state = std::move(state), .wake_at = at};
}

/// Puts an entry into a turn that was made already.
[[nodiscard]] inline HealingTurn with(HealingTurn turn, Entry entry) {
    turn.records.push_back(std::move(entry));
    return turn;
}

[[nodiscard]] inline HealingTurn escalate_because(IncidentState state, std::string because) {
    because += aside_of(state.suspected_node);
    state.trouble = record::redact(because);  // Its commit keeps it as it is.
    state.trouble_rule.clear();
    state.judge_again_at.reset();
    return go(std::move(state), "escalate");
}

/// As `escalate_because`, for what a rule of guard's says.
[[nodiscard]] inline HealingTurn escalate_by_rule(IncidentState state,
                                                  std::string rule,
                                                  std::string because) {
    HealingTurn turn = escalate_because(std::move(state), std::move(because));
    turn.state.trouble_rule = std::move(rule);
    return turn;
}

/// What a person is told of once and not each minute: the symptom, and what was to be done of it.
[[nodiscard]] inline std::string about_of(const IncidentState& state) {
    const Symptom& symptom = state.proposal.symptom;
    return std::string(to_text(symptom.kind)) + " of " + symptom.subject.name + ": " +
           describe(state.proposal.choice.remedy);
}

/// Stays until a person was told. A successor of whoever died meanwhile tells it once more.
[[nodiscard]] inline HealingTurn tell_trouble(IncidentState state) {
    Notify notify{state.id.text() + ": " + state.trouble};
    HealingTurn turn = stay(std::move(state));
    turn.commands.emplace_back(std::move(notify));
    return turn;
}

/// Whether neighbours have a word before what guard permits, and have not had it.
[[nodiscard]] bool has_yet_to_ask(const homeostat::guard::Case& asked,
                                  const Facts& facts,
                                  const HealingContext& context);

/// Looks at the world once more, with their answers in it.
[[nodiscard]] HealingTurn ask_neighbours(IncidentState state);

/// Nothing of the plan has begun: whether neighbours that have let it go do not count on that any
/// more, because nobody lived here meanwhile, or whoever did stood still.
[[nodiscard]] bool has_lost_its_turn(const homeostat::guard::Case& asked,
                                     const act::Plan& plan,
                                     const HealingEvent& event,
                                     const HealingContext& context);

/// Has looked now, and is not late. REQUIRES: a plan.
void keep_turn(IncidentState& state,
               const homeostat::guard::Case& asked,
               const HealingContext& context);

/// Back to guard, which asks neighbours again; for a bounded time.
[[nodiscard]] HealingTurn take_turn_anew(IncidentState state, const HealingContext& context);

[[nodiscard]] inline bool is_first(const HealingEvent& event) {
    return std::holds_alternative<graph::Entered>(event);
}

[[nodiscard]] inline bool is_after_restart(const HealingEvent& event) {
    return std::holds_alternative<graph::Resumed>(event);
}

/// A reply that this node did not ask for is dropped: it asked anew after a restart.
[[nodiscard]] inline bool asks_for_facts(const HealingEvent& event) {
    return !std::holds_alternative<Incident::Message>(event) ||
           message_in<Nudged>(event) != nullptr;
}

/// Something else is asked of guard from now on: no refusal so far was of that.
[[nodiscard]] inline IncidentState asking_anew(IncidentState state) {
    state.refused_since.reset();
    state.last_rule.clear();
    return state;
}

/// No wait counts the time under the kill switch. Says whether it was released since the last look.
inline bool look_at_switch(IncidentState& state,
                           const Facts& facts,
                           const HealingContext& context) {
    const std::optional<Instant> since = state.suspended_since;
    if (facts.is_suspended) {
        state.suspended_since = since.value_or(context.now);
        return false;
    }
    if (since) {
        state.node_since += context.now - *since;
        state.suspended_since.reset();
    }
    return since.has_value();
}

/// The longer it has lasted the rarer we look; a resume that is told to us wakes us.
[[nodiscard]] inline Instant next_look_at_switch(Instant suspended_since, Instant now) {
    constexpr Duration rarest = std::chrono::seconds{30};
    const Duration lasted = now - suspended_since;
    return now + std::clamp(lasted / 8, homeostat::guard::ask_again_after, rarest);
}

[[nodiscard]] inline act::Plan plan_for(const Remedy& remedy, const HealingContext& context) {
    act::Plan plan;
    plan.remedy = remedy;
    plan.began_at = context.now;
    plan.drains = context.around.drains;
    plan.drain_for_max = context.around.drain_for_max;
    return plan;
}

/// Whoever waits for what an effect brings looks so often at least.
inline constexpr Duration look_every_max = std::chrono::seconds{2};

/// The longer we have waited the rarer we look: each look is two supersteps of the thread.
[[nodiscard]] inline Instant next_look_at(const act::Plan& plan, Instant now) {
    const Duration waited = now - plan.step_last_at.value_or(plan.began_at);
    return now + std::min(waited / 8, look_every_max);
}

/// Ends the pending effect with `outcome`, which is known since `now`.
[[nodiscard]] Entry settle(IncidentState& state, Outcome outcome, bool is_read_back, Instant now);

struct ReadBack {
    OutcomeKind outcome;
    Entry entry;
};

/// Ends the pending effect with what the world says of it. REQUIRES: complete facts.
[[nodiscard]] ReadBack read_back(IncidentState& state,
                                 const Facts& facts,
                                 const HealingContext& context);

/// Where an incident goes that has nothing to do but wait: a remedy in force is watched over, also
/// when it could not be given back. So no incident is ever closed while it holds something.
[[nodiscard]] inline std::string_view rest_of(const IncidentState& state) {
    return state.held ? "hold" : "stand_by";
}

/// What was in hand is held no longer: on to the next that is, if there is one.
void turn_to_next(IncidentState& state);

/// What was left drained is back: on to what else is held, or to wait for a person.
[[nodiscard]] HealingTurn end_residue(IncidentState state);

/// The remedy is in force, and stays so for now.
[[nodiscard]] HealingTurn begin_hold(IncidentState state,
                                     const Remedy& remedy,
                                     const HealingContext& context);

}  // namespace homeostat::heal::node
