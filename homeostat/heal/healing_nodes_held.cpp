// What is in force and what may be: the nodes of a temporary remedy, of which one watches until it
// may be given back and takes the agent's proposal of a cure meanwhile, and the other gives it
// back; and the node of an incident that a person was called to.

#include "homeostat/heal/healing_turn.hpp"
#include "homeostat/record/record.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::heal::node {

Entry settle(IncidentState& state, Outcome outcome, bool is_read_back) {
    Entry entry = record::outcome(
        state.id, OutcomeBody{state.pending->effect, std::move(outcome), is_read_back});
    state.pending.reset();
    return entry;
}

ReadBack read_back(IncidentState& state, const Facts& facts) {
    const Outcome outcome = act::resolve(state.pending->step, state.pending->effect, facts);
    return {outcome.kind, settle(state, outcome, true)};
}

HealingTurn begin_hold(IncidentState state, const Remedy& remedy, const HealingContext& context) {
    state.held = act::Held{remedy, context.now, context.now + context.around.hold_for_max};
    state.wants_cure = std::holds_alternative<Eject>(remedy);
    Entry entry = record::held(state.id, HeldBody{remedy, state.held->until});
    return with(go(std::move(state), "hold"), std::move(entry));
}

HealingTurn hold(IncidentState state, const HealingEvent& event, const HealingContext& context) {
    if (is_first(event)) {
        state.node_since = context.now;
        state.plan.reset();
        state.is_undo = false;
    }
    if (const auto* proposed = message_in<Proposed>(event)) {
        state.wants_cure = false;
        state.proposal = proposed->proposal;
        Entry entry = record::proposed(state.id, state.proposal);
        return with(go(std::move(state), "guard"), std::move(entry));
    }
    if (asks_for_facts(event)) {
        return read_facts(std::move(state));
    }
    const auto* read = message_in<FactsRead>(event);
    if (read == nullptr || !read->facts) {
        return wait_until(std::move(state), context.now + reread_after);
    }
    if (state.pending && read->facts->is_complete) {
        Entry entry = read_back(state, *read->facts).entry;  // Of a give-back that was given up.
        return with(read_facts(std::move(state)), std::move(entry));
    }
    state.held = act::looked(std::move(*state.held), *read->facts);
    const act::HoldAdvice advice = act::advise(*state.held, *read->facts, context.now);
    if (const auto* wait = std::get_if<act::Wait>(&advice)) {
        const Instant look_at = context.now + look_every_max;
        const Instant until = state.pending ? std::min(wait->until, look_at) : wait->until;
        return wait_until(std::move(state), until);
    }
    const act::Held& held = *state.held;
    GivenBackBody body{.remedy = held.remedy,
                       .inverse = *inverse_of(held.remedy),
                       .because = std::get<act::GiveBack>(advice).because,
                       .grounds = HoldGrounds{.asked_at = context.now,
                                              .since = held.since,
                                              .until = held.until,
                                              .well_looks_count = held.well_looks_count,
                                              .facts = *read->facts}};
    Entry entry = record::given_back(state.id, std::move(body));
    return with(go(std::move(state), "give_back"), std::move(entry));
}

HealingTurn give_back(IncidentState state, const HealingEvent&, const HealingContext& context) {
    state.plan = plan_for(*inverse_of(state.held->remedy), context);
    state.is_undo = true;
    state = asking_anew(std::move(state));
    return go(std::move(state), "act");
}

/// A person was called. An effect of unknown fate is looked for all the same, for as long as it
/// takes: if it happened and does not last, it is held and given back like any other.
HealingTurn stand_by(IncidentState state,
                     const HealingEvent& event,
                     const HealingContext& context) {
    const bool is_cleared = message_in<Cleared>(event) != nullptr;
    if (!state.pending || !state.plan) {
        return is_cleared ? go(std::move(state), "close") : stay(std::move(state));
    }
    const auto* read = message_in<FactsRead>(event);
    if (read == nullptr) {
        return read_facts(std::move(state));
    }
    if (!read->facts || !read->facts->is_complete) {
        const Instant look_at = next_look_at(*state.plan, context.now);
        return wait_until(std::move(state), std::max(look_at, context.now + reread_after));
    }
    ReadBack found = read_back(state, *read->facts);
    const Remedy remedy = state.plan->remedy;
    const bool is_in_force = found.outcome != OutcomeKind::refused && !state.is_undo &&
                             traits_of(kind_of(remedy)).is_temporary;
    HealingTurn turn =
        is_in_force ? begin_hold(std::move(state), remedy, context) : stay(std::move(state));
    turn.records.insert(turn.records.begin(), std::move(found.entry));
    return turn;
}

}  // namespace homeostat::heal::node
