// What is in force and what may be: the nodes of a temporary remedy, of which one watches until it
// may be given back and takes the agent's proposal of a cure meanwhile, and the other gives it
// back; and the nodes that call a person, wait with them and close.

#include "homeostat/heal/healing_drains.hpp"
#include "homeostat/heal/healing_hand.hpp"
#include "homeostat/heal/healing_put_off.hpp"
#include "homeostat/heal/healing_rollout.hpp"
#include "homeostat/heal/healing_turn.hpp"
#include "homeostat/heal/healing_undo.hpp"
#include "homeostat/record/record.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::heal::node {

Entry settle(IncidentState& state, Outcome outcome, bool is_read_back, Instant now) {
    if (state.plan) {
        state.plan = act::learned(std::move(*state.plan), outcome.kind, now);
    }
    Entry entry = record::outcome(
        state.id, OutcomeBody{state.pending->effect, std::move(outcome), is_read_back});
    state.pending.reset();
    return entry;
}

ReadBack read_back(IncidentState& state, const Facts& facts, const HealingContext& context) {
    const Outcome outcome = outcome_of(*state.pending, facts, *context.around.history);
    return {outcome.kind, settle(state, outcome, true, context.now)};
}

HealingTurn begin_hold(IncidentState state, const Remedy& remedy, const HealingContext& context) {
    state.held = act::Held{remedy, context.now, context.now + context.around.hold_for_max};
    state.wants_cure =
        std::holds_alternative<Eject>(remedy) || std::holds_alternative<PauseRollout>(remedy);
    Entry entry = record::held(state.id, HeldBody{remedy, state.held->until});
    return with(go(std::move(state), "hold"), std::move(entry));
}

namespace {

/// An instance that a remedy of this incident took out of rotation and did not put back.
std::optional<InstanceId> residue_of(const IncidentState& state,
                                     const Facts& facts,
                                     const HealingContext& context) {
    for (const InstanceId& instance : context.around.history->lasting().drained_by(state.id)) {
        const InstanceFacts* target = find_instance(facts, instance);
        const bool is_drained =
            target != nullptr && context.around.history->drains().is_ours(*target);
        const Remedy ejected = Eject{instance};
        const auto& beside = state.held_beside;
        const bool is_held = (state.held && state.held->remedy == ejected) ||
                             std::ranges::find(beside, ejected, &act::Held::remedy) != beside.end();
        if (is_drained && !is_held) {
            return instance;
        }
    }
    return std::nullopt;
}

/// As if it had been ejected: it is given back, for as long as that takes.
Entry hold_residue(IncidentState& state, const InstanceId& instance, Instant now) {
    if (state.held) {
        state.held_beside.push_back(std::move(*state.held));
    }
    state.held = act::Held{.remedy = Eject{instance},
                           .since = now,
                           .until = now,
                           .well_looks_count = 0,
                           .is_residue = true};
    return record::held(state.id, HeldBody{state.held->remedy, now, true});
}

/// Of all that is held, what may be given back now comes to hand; else how long to wait for the
/// first that may be. What cannot be given back for the moment keeps nothing else.
act::HoldAdvice turn_to_due(IncidentState& state, const Facts& facts, Instant now) {
    act::HoldAdvice advice = act::advise(*state.held, facts, now);
    for (act::Held& other : state.held_beside) {
        auto* wait = std::get_if<act::Wait>(&advice);
        if (wait == nullptr) {
            break;
        }
        act::HoldAdvice of_other = act::advise(other, facts, now);
        if (const auto* longer = std::get_if<act::Wait>(&of_other)) {
            wait->until = std::min(wait->until, longer->until);
        } else {
            std::swap(*state.held, other);
            advice = std::move(of_other);
        }
    }
    return advice;
}

}  // namespace

void turn_to_next(IncidentState& state) {
    state.held.reset();
    if (!state.held_beside.empty()) {
        state.held = std::move(state.held_beside.back());
        state.held_beside.pop_back();
    }
}

HealingTurn end_residue(IncidentState state) {
    turn_to_next(state);
    return go(state, rest_of(state));
}

namespace {

/// A cure is proposed for a symptom that is seen: whatever was said of its end is over, and what
/// was well until now has to be so anew.
HealingTurn judge_cure(IncidentState state, const Proposal& cure) {
    state.wants_cure = false;
    state.is_cleared = false;
    if (lets_stand(state)) {
        state.held->well_looks_count = 0;
    }
    state.proposal = cure;
    Entry entry = record::proposed(state.id, state.proposal);
    return with(go(std::move(state), "guard"), std::move(entry));
}

}  // namespace

HealingTurn hold(IncidentState state, const HealingEvent& event, const HealingContext& context) {
    if (is_first(event)) {
        state.node_since = context.now;
        state.plan.reset();
        state.is_undo = false;
    }
    if (const auto* proposed = message_in<Proposed>(event)) {
        return judge_cure(std::move(state), proposed->proposal);
    }
    if (const auto* said = message_in<TakenBack>(event)) {
        return take_back(std::move(state), *said, context);
    }
    state.is_cleared = state.is_cleared || message_in<Cleared>(event) != nullptr;
    state = hear_of_call(std::move(state), event);
    if (asks_for_facts(event)) {
        return read_facts(std::move(state));
    }
    const auto* read = message_in<FactsRead>(event);
    if (read == nullptr || !read->facts) {
        return wait_until(std::move(state), context.now + reread_after);
    }
    if (state.pending && read->facts->is_complete) {
        Entry entry =
            read_back(state, *read->facts, context).entry;  // Of a give-back that was given up.
        return with(read_facts(std::move(state)), std::move(entry));
    }
    std::vector<Entry> records;
    if (const std::optional<InstanceId> left = residue_of(state, *read->facts, context)) {
        Entry entry = hold_residue(state, *left, context.now);
        records.push_back(std::move(entry));
    }
    const bool is_cleared = state.is_cleared;
    state.held = act::looked(std::move(*state.held), *read->facts, is_cleared);
    for (act::Held& other : state.held_beside) {
        other = act::looked(std::move(other), *read->facts, is_cleared);
    }
    const act::HoldAdvice advice = turn_to_due(state, *read->facts, context.now);
    if (const auto* wait = std::get_if<act::Wait>(&advice)) {
        const Instant look_at = context.now + look_every_max;
        const Instant until = state.pending ? std::min(wait->until, look_at) : wait->until;
        HealingTurn turn = wait_until(std::move(state), until);
        turn.records = std::move(records);
        return turn;
    }
    if (const auto* leave = std::get_if<act::Leave>(&advice)) {
        HealingTurn turn = leave_to_person(std::move(state), leave->because, context);
        turn.records.insert(turn.records.begin(), std::make_move_iterator(records.begin()),
                            std::make_move_iterator(records.end()));
        return turn;
    }
    const act::Held& held = *state.held;
    GivenBackBody body{.remedy = held.remedy,
                       .inverse = *inverse_of(held.remedy),
                       .because = std::get<act::GiveBack>(advice).because,
                       .grounds = HoldGrounds{.asked_at = context.now,
                                              .since = held.since,
                                              .until = held.until,
                                              .well_looks_count = held.well_looks_count,
                                              .is_ordered = held.is_ordered,
                                              .facts = *read->facts}};
    Entry entry = record::given_back(state.id, std::move(body));
    records.push_back(std::move(entry));
    HealingTurn turn = go(std::move(state), "give_back");
    turn.records = std::move(records);
    return turn;
}

HealingTurn give_back(IncidentState state, const HealingEvent&, const HealingContext& context) {
    state.plan = plan_for(*inverse_of(state.held->remedy), context);
    state.is_undo = true;
    state = asking_anew(std::move(state));
    return go(std::move(state), "act");
}

namespace {

/// The symptom is still there. What a person was not told, since they had been told the same
/// shortly before, they are told once that is long ago; and what may pass is judged anew.
HealingTurn wait_on(IncidentState state, const HealingEvent& event, const HealingContext& context) {
    const std::optional<Instant> again_at = state.judge_again_at;
    if (again_at && context.now >= *again_at) {
        return judge_again(std::move(state), event, context);
    }
    const std::optional<Instant> told_at =
        context.around.history->told_at(state.trouble_rule, about_of(state));
    const bool is_told_lately = told_at && context.now < *told_at + told_again_after;
    if (state.is_untold && is_told_lately) {
        const Instant tell_at = *told_at + told_again_after;
        return wait_until(std::move(state), std::min(tell_at, again_at.value_or(tell_at)));
    }
    if (!state.is_untold) {
        return again_at ? wait_until(std::move(state), *again_at) : stay(std::move(state));
    }
    Entry entry = record::escalated(
        state.id, EscalatedBody{state.trouble, state.trouble_rule, about_of(state)});
    return with(tell_trouble(std::move(state)), std::move(entry));
}

bool is_still_untold(const IncidentState& state, const HealingEvent& event) {
    return state.is_untold && message_in<Notified>(event) == nullptr;
}

/// Whatever a look finds that is ours to end: an effect that happened after all, what was left.
HealingTurn look_for_remains(IncidentState state,
                             const Facts& facts,
                             const HealingEvent& event,
                             const HealingContext& context) {
    std::vector<Entry> records;
    if (state.pending && state.plan) {
        ReadBack found = read_back(state, facts, context);
        const Remedy remedy = state.plan->remedy;
        const bool is_in_force = found.outcome != OutcomeKind::refused && !state.is_undo &&
                                 traits_of(kind_of(remedy)).is_temporary;
        if (is_in_force) {
            HealingTurn turn = begin_hold(std::move(state), remedy, context);
            turn.records.insert(turn.records.begin(), std::move(found.entry));
            return turn;
        }
        records.push_back(std::move(found.entry));
    }
    if (const std::optional<InstanceId> left = residue_of(state, facts, context)) {
        Entry entry = hold_residue(state, *left, context.now);
        records.push_back(std::move(entry));
    }
    const bool is_over = state.is_cleared && !state.held;
    if (!state.held && !is_over && records.empty()) {
        return wait_on(std::move(state), event, context);
    }
    HealingTurn turn = state.held ? go(std::move(state), "hold")
                       : is_over  ? go(std::move(state), "close")
                                  : stay(std::move(state));
    turn.records = std::move(records);
    return turn;
}

/// Nobody let us do it. What happened instead is looked for when it is over, for whoever weighs
/// later whether we should have been let.
bool is_shadow(const IncidentState& state, const HealingContext& context) {
    const Remedy& remedy = state.proposal.choice.remedy;
    return state.tried.empty() && kind_of(remedy) != RemedyKind::observe &&
           homeostat::guard::autonomy_now(remedy, *context.around.history, context.around.guard) <
               Autonomy::ask;
}

/// It is over. One look at the world of a shadow incident, and no second one: where it cannot be
/// read the incident closes without.
HealingTurn end_stand_by(IncidentState state,
                         const HealingEvent& event,
                         const HealingContext& context) {
    if (!is_shadow(state, context)) {
        return go(std::move(state), "close");
    }
    const auto* read = message_in<FactsRead>(event);
    if (read == nullptr) {
        return read_facts(std::move(state));
    }
    std::vector<Entry> records;
    if (read->facts && read->facts->is_complete) {
        records.push_back(record::aftermath(state.id, AftermathBody{*read->facts}));
    }
    HealingTurn turn = go(std::move(state), "close");
    turn.records = std::move(records);
    return turn;
}

/// Whoever proposes sees again what they missed. The world is read and they are asked anew: nothing
/// that was counted before says anything of now.
void hear_proposal(IncidentState& state, const HealingEvent& event, Instant now) {
    if (message_in<Proposed>(event) != nullptr && state.judge_again_at) {
        state.judge_again_at = std::min(*state.judge_again_at, now);
    }
}

}  // namespace

/// A person was called. An effect of unknown fate is looked for all the same, for as long as it
/// takes: if it happened and does not last, it is held and given back like any other. So is what a
/// remedy that was given up has left out of rotation.
HealingTurn stand_by(IncidentState state,
                     const HealingEvent& event,
                     const HealingContext& context) {
    const bool is_unknown = state.pending && state.plan;
    const bool is_over_now = message_in<Cleared>(event) != nullptr && !is_unknown;
    state.is_cleared = !is_first(event) && (state.is_cleared || is_over_now);
    state.is_untold = is_still_untold(state, event);
    hear_proposal(state, event, context.now);
    const bool may_have_left = !context.around.history->lasting().drained_by(state.id).empty();
    if (!is_unknown && !may_have_left) {
        return state.is_cleared ? end_stand_by(std::move(state), event, context)
                                : wait_on(std::move(state), event, context);
    }
    const auto* read = message_in<FactsRead>(event);
    if (read == nullptr) {
        return read_facts(std::move(state));
    }
    if (!read->facts || !read->facts->is_complete) {
        const Instant soon = context.now + (state.plan ? reread_after : look_every_max);
        const Instant look_at = state.plan ? next_look_at(*state.plan, context.now) : soon;
        return wait_until(std::move(state), std::max(look_at, soon));
    }
    return look_for_remains(std::move(state), *read->facts, event, context);
}

HealingTurn escalate(IncidentState state,
                     const HealingEvent& event,
                     const HealingContext& context) {
    if (message_in<Notified>(event) != nullptr) {
        return go(state, rest_of(state));
    }
    if (is_after_restart(event)) {
        return tell_trouble(std::move(state));
    }
    if (!is_first(event)) {
        return stay(std::move(state));
    }
    const bool is_told = is_told_already(state, context);
    state.is_untold = is_told && !state.held;  // Of a rollout that stands they hear in hold.
    // A give-back is tried again; a person hears of it once.
    const bool is_news = !is_told && (!is_give_back(state) || state.held->failures_count == 0);
    Entry entry = record::escalated(
        state.id, EscalatedBody{state.trouble, state.trouble_rule, about_of(state), !is_news});
    if (is_give_back(state)) {
        state.held = act::kept(std::move(*state.held), context.now);
    }
    HealingTurn turn = is_news ? tell_trouble(std::move(state)) : go(state, rest_of(state));
    return with(std::move(turn), std::move(entry));
}

HealingTurn close(IncidentState state, const HealingEvent&, const HealingContext&) {
    const CloseKind how = state.has_healed ? CloseKind::healed : CloseKind::passed;
    Entry entry = record::closed(state.id, how, state.tried);
    return with(stay(std::move(state)), std::move(entry));
}

}  // namespace homeostat::heal::node
