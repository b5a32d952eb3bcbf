// Nodes of the healing graph. Each is pure: state and event in, the turn out. Others stand in
// healing_nodes_held.cpp, healing_nodes_asking.cpp, healing_nodes_verify.cpp and healing_undo.cpp.

#include "homeostat/heal/approvers.hpp"
#include "homeostat/heal/healing_drains.hpp"
#include "homeostat/heal/healing_hand.hpp"
#include "homeostat/heal/healing_outside.hpp"
#include "homeostat/heal/healing_put_off.hpp"
#include "homeostat/heal/healing_rollout.hpp"
#include "homeostat/heal/healing_turn.hpp"
#include "homeostat/heal/healing_undo.hpp"
#include "homeostat/record/record.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal::node {

namespace {

/// Once an effect of it is announced a remedy is carried through, whatever the agent sees
/// meanwhile; and so is an undo.
bool has_begun(const IncidentState& state) {
    return state.is_undo || has_done_something(state);
}

guard::Case case_of(const IncidentState& state) {
    const std::size_t begun_count = state.tried.size() - (state.plan ? 1 : 0);
    return guard::Case{
        .incident = state.id,
        .symptom = state.proposal.symptom,
        .remedy = remedy_in_hand(state),
        .attempts_count = static_cast<std::uint32_t>(begun_count),
        .is_reflex = is_reflex(state),
        .is_undo = state.is_undo,
        .is_held_back = !state.is_undo && state.proposal.choice.held_back.has_value(),
        .is_contained = state.held.has_value(),
        .edge_errors_at_open = state.edge_errors_at_open,
        .edge_requests_at_open = state.edge_requests_at_open,
        .silence = state.silence,
        .refused_since = state.refused_since,
        .heed_until = state.heed_until,
    };
}

/// Of the leave that guard would act by now, nothing of which has begun.
std::optional<std::string> leave_trouble(const guard::Case& asked, const HealingContext& context) {
    const guard::IncidentMemory* memory = context.around.history->find(asked.incident);
    const bool rests_on_leave = memory != nullptr && memory->approval &&
                                memory->approval->remedy == asked.remedy &&
                                !memory->approval->is_used;
    return rests_on_leave && context.around.approvers != nullptr
               ? trouble_with(*context.around.approvers, asked.incident, *memory->approval,
                              context.around.wall_now)
               : std::nullopt;
}

/// As guard is to judge it now: what was signed is checked anew with each look.
guard::Case case_now(const IncidentState& state, const HealingContext& context) {
    guard::Case asked = case_of(state);
    asked.leave_trouble = leave_trouble(asked, context);
    return asked;
}

/// What guard is told and shown, for the record: whoever replays the ledger asks it again.
Grounds grounds_of(const IncidentState& state, const Facts& facts, const HealingContext& context) {
    const guard::Case asked = case_now(state, context);
    return {.asked_at = context.now,
            .entries_known_count = context.around.history->entries_count(),
            .attempts_count = asked.attempts_count,
            .is_undo = asked.is_undo,
            .is_contained = asked.is_contained,
            .edge_errors_at_open = asked.edge_errors_at_open,
            .edge_requests_at_open = asked.edge_requests_at_open,
            .silence = asked.silence,
            .refused_since = asked.refused_since,
            .heed_until = asked.heed_until,
            .leave_trouble = asked.leave_trouble,
            .facts = facts};
}

void look_for_silence(IncidentState& state, const Facts& facts, const HealingContext& context) {
    state.silence = homeostat::guard::silence_after(case_of(state), facts, context.around.guard);
    if (facts.is_complete) {
        state.suspected_node = suspected_node(facts.instances);
    }
}

/// Whoever lets us look on and no more has asked for our silence as well.
bool only_watches(const IncidentState& state, const HealingContext& context) {
    const Remedy& remedy = state.proposal.choice.remedy;
    return !does_nothing(state) &&
           context.around.guard.autonomy_in_effect(remedy) == Autonomy::watch;
}

/// The agent chose to do nothing in a world that does not answer us: it hardly knew it either.
void note_unseen(IncidentState& state, const Facts& facts) {
    std::optional<std::vector<std::string>>& unseen = state.proposal.unseen;
    if (does_nothing(state) && !facts.is_complete && !unseen) {
        unseen = std::vector<std::string>{"a part of the world"};
    }
}

/// A rollout is to stand instead of a rollback that was not permitted just then.
bool stands_in(const IncidentState& state) {
    const auto* pause = std::get_if<PauseRollout>(&state.proposal.choice.remedy);
    const bool is_new = pause != nullptr && !state.is_undo && !state.held && !state.order;
    return is_new && std::ranges::any_of(state.proposal.menu.items, [&](const MenuItem& item) {
               const auto* rollback = std::get_if<Rollback>(&item.remedy);
               return rollback != nullptr && rollback->artifact == Artifact::deploy &&
                      rollback->from == pause->version;
           });
}

bool gives_way(const IncidentState& state, const Verdict& verdict) {
    return verdict.kind == VerdictKind::refusal && stands_in(state);
}

/// The stopgap cannot be had. Whoever has to agree to the rollback is asked without it, once the
/// agent has judged anew.
HealingTurn give_way(IncidentState state) {
    const Remedy& stopgap = state.proposal.choice.remedy;
    if (state.tried.empty() || state.tried.back() != stopgap) {
        state.tried.push_back(stopgap);
    }
    return go(std::move(state), "rejudge");
}

/// Whatever users meet, nothing will be done about it: heal or tell (P19).
HealingTurn give_up_refused(IncidentState state,
                            const Verdict& verdict,
                            const HealingContext& context) {
    if (verdict.again_at) {
        return escalate_by_rule(std::move(state), verdict.rule,
                                "still refused (" + verdict.rule + ")");
    }
    if (only_watches(state, context)) {
        state.judge_again_at.reset();
        return go(state, rest_of(state));
    }
    std::string because = "refused (" + verdict.rule + "): " + verdict.because;
    return escalate_by_rule(std::move(state), verdict.rule, std::move(because));
}

/// The leave has lapsed before anything was done by it.
bool is_asked_anew(const IncidentState& state, const Verdict& verdict, bool is_step) {
    return is_step && verdict.kind == VerdictKind::question && !has_begun(state);
}

/// What passes by itself may be permitted later, as long as nothing of it has begun and nothing
/// else is to be watched over meanwhile.
bool may_be_judged_again(const IncidentState& state,
                         const Verdict& verdict,
                         bool is_step,
                         const HealingContext& context) {
    const std::size_t tried_before = state.tried.size() - (is_step ? 1 : 0);
    const bool may_pass = verdict.may_pass || is_for_want_of_sight(state, verdict);
    return may_pass && !state.held && !has_begun(state) && !only_watches(state, context) &&
           tried_before < remedies_max && state.judge_again_count < judge_again_max;
}

/// A remedy that has begun and may not go on has left the world half-way: a person has to look.
bool is_stopped(const Verdict& verdict, bool is_step) {
    return is_step && (verdict.kind == VerdictKind::question || !verdict.again_at);
}

bool is_asked_soon(const Verdict& verdict, Instant since, const HealingContext& context) {
    return verdict.kind == VerdictKind::refusal && verdict.again_at &&
           *verdict.again_at - since <= context.around.refusal_for_max;
}

/// What a verdict other than permit leads to.
HealingTurn turn_down(IncidentState state, VerdictBody body, const HealingContext& context) {
    const Verdict verdict = body.verdict;
    const Instant since = state.refused_since.value_or(context.now);
    // What has begun has left the world half-way, and what is held is given back by tries of its
    // own.
    const bool may_wait = !has_begun(state) || has_yet_to_begin(state);
    const bool waits_for_release = state.suspended_since && !state.held && may_wait;
    state.refused_since = waits_for_release ? std::nullopt : std::optional(since);
    const bool is_step = body.step.has_value();
    const bool is_news = state.last_rule != verdict.rule;
    state.last_rule = verdict.rule;
    Entry entry = record::verdict(state.id, std::move(body));
    HealingTurn turn;
    if (is_asked_anew(state, verdict, is_step)) {
        state.tried.pop_back();
        turn = go(std::move(state), "guard");
    } else if (waits_for_release) {
        const Instant look_at = next_look_at_switch(*state.suspended_since, context.now);
        turn = wait_until(std::move(state), look_at);
    } else if (is_asked_soon(verdict, since, context)) {
        turn = wait_until(std::move(state), *verdict.again_at);
    } else if (gives_way(state, verdict)) {
        turn = give_way(std::move(state));
    } else if (may_be_judged_again(state, verdict, is_step, context)) {
        turn = put_off(std::move(state), verdict, is_step, context);
    } else if (verdict.kind == VerdictKind::escalation || is_stopped(verdict, is_step)) {
        turn =
            escalate_by_rule(std::move(state), verdict.rule, verdict.rule + ": " + verdict.because);
    } else if (verdict.kind == VerdictKind::question && state.held && !lets_stand(state)) {
        // Who waits for an answer does not watch over what is held. A rollout may stand so long.
        turn = escalate_because(std::move(state), "a person has to agree: " + verdict.because);
    } else if (verdict.kind == VerdictKind::question) {
        turn = go(std::move(state), "ask");
    } else {
        turn = give_up_refused(std::move(state), verdict, context);
    }
    return is_news ? with(std::move(turn), std::move(entry)) : std::move(turn);
}

/// What a person took to answer may have outlasted the fault: errors of before say nothing.
HealingTurn count_from_now(IncidentState state, const Facts& facts, const HealingContext& context) {
    const bool is_overdue = context.now - state.node_since > context.around.refusal_for_max;
    if (facts.is_complete) {
        state.is_just_agreed = false;
        count_from(state, facts);
    } else if (is_overdue && !state.suspended_since) {
        state.is_just_agreed = false;
        return escalate_because(std::move(state),
                                "a person has agreed, but a part of the world does not answer");
    }
    return wait_until(std::move(state), context.now + homeostat::guard::ask_again_after);
}

bool has_ended(const IncidentState& state, const Facts& facts) {
    const InstanceId* instance = instance_of(state.proposal.choice.remedy);
    const InstanceFacts* target = instance == nullptr ? nullptr : find_instance(facts, *instance);
    return target == nullptr || !target->runtime.is_alive;  // Unknown: guard refuses.
}

/// What new facts decide before guard is asked; absent: nothing.
std::optional<HealingTurn> turn_by_facts(IncidentState& state,
                                         const Facts& facts,
                                         const HealingContext& context) {
    const bool is_released = look_at_switch(state, facts, context);
    if (state.is_just_agreed && !is_released) {
        return count_from_now(std::move(state), facts, context);
    }
    state.is_just_agreed = false;
    look_for_silence(state, facts, context);
    note_unseen(state, facts);
    if (is_released && !is_reflex(state) && !state.held) {
        return go(std::move(state), "rejudge");  // What was judged before may be long over.
    }
    if (restarts_anew(state) && !has_ended(state, facts)) {
        return go(std::move(state), "rejudge");  // It runs and is not well: no case for a reflex.
    }
    state.heed_until = homeostat::guard::heed_until_after(case_of(state), facts, context.now);
    return std::nullopt;
}

}  // namespace

HealingTurn open(IncidentState state, const HealingEvent&, const HealingContext& context) {
    state.opened_at = context.now;
    Entry entry = record::opened(state.id, state.proposal);
    return with(go(std::move(state), "guard"), std::move(entry));
}

HealingTurn guard(IncidentState state, const HealingEvent& event, const HealingContext& context) {
    if (is_first(event)) {
        state.node_since = context.now;
        state.plan.reset();
        state.is_undo = false;
        state = asking_anew(std::move(state));
    }
    if (state.order) {
        return begin_order(std::move(state), context);
    }
    if (message_in<Cleared>(event) != nullptr) {
        return go(state, state.held ? "hold" : "close");
    }
    if (asks_for_facts(event)) {
        return read_facts(std::move(state));
    }
    const auto* read = message_in<FactsRead>(event);
    if (read == nullptr) {
        return stay(std::move(state));
    }
    if (!read->facts) {
        return escalate_because(std::move(state), "the facts: " + read->facts.error().text);
    }
    if (std::optional<HealingTurn> turn = turn_by_facts(state, *read->facts, context)) {
        return *std::move(turn);
    }
    const Verdict verdict =
        homeostat::guard::check(case_now(state, context), *read->facts, *context.around.history,
                                context.around.guard, context.now);
    if (verdict.kind == VerdictKind::permit &&
        has_yet_to_ask(case_of(state), *read->facts, context)) {
        return ask_neighbours(std::move(state));
    }
    const Remedy remedy = state.proposal.choice.remedy;
    VerdictBody body{remedy, std::nullopt, verdict, grounds_of(state, *read->facts, context)};
    std::optional<Remedy> stopgap = verdict.kind == VerdictKind::permit
                                        ? std::nullopt
                                        : stopgap_for(case_of(state), state, *read->facts, context);
    if (stopgap) {
        return choose_stopgap(std::move(state), *std::move(stopgap), std::move(body));
    }
    if (verdict.kind == VerdictKind::question) {
        state.asked_about = preconditions_of(remedy, *read->facts);
    }
    if (verdict.kind != VerdictKind::permit) {
        return turn_down(std::move(state), std::move(body), context);
    }
    // A permit to try; each step asks for its own. The plan is all that is kept of it.
    state.plan = plan_for(remedy, context);
    state.plan->hastens =
        homeostat::guard::autonomy_now(RemedyKind::restart, *context.around.history,
                                       context.around.guard) == Autonomy::act;
    state.tried.push_back(remedy);
    state = asking_anew(std::move(state));
    Entry entry = record::verdict(state.id, std::move(body));
    return with(go(std::move(state), "act"), std::move(entry));
}

namespace {

/// Intent first; the driver performs only once it is durable.
HealingTurn begin_step(IncidentState state,
                       Step step,
                       const Facts& facts,
                       const HealingContext& context) {
    const EffectId effect(state.id.text() + ".e" + std::to_string(state.effects_count + 1) +
                          context.around.effect_mark);
    std::expected<Permit, Verdict> permit =
        homeostat::guard::Gate::ask(case_now(state, context), step, effect, facts,
                                    *context.around.history, context.around.guard, context.now);
    if (!permit && act::is_optional(*state.plan, facts, step)) {
        const Instant look_at =
            std::max(context.now + act::wait_for, next_look_at(*state.plan, context.now));
        return wait_until(std::move(state), look_at);
    }
    Grounds grounds = grounds_of(state, facts, context);
    if (!permit && is_to_ask_outside(permit.error(), facts)) {
        const guard::Case asked = case_of(state);
        return ask_outside(std::move(state), asked, permit.error(), effect, context);
    }
    if (!permit) {
        VerdictBody body{remedy_in_hand(state), step, permit.error(), std::move(grounds)};
        return turn_down(std::move(state), std::move(body), context);
    }
    IntentBody intent{.effect = effect,
                      .remedy = remedy_in_hand(state),
                      .step = step,
                      .is_reflex = is_reflex(state),
                      .is_undo = state.is_undo,
                      .serving_count = serving_count(facts),
                      .target = std::nullopt,
                      .grounds = std::move(grounds),
                      .approved_by = homeostat::guard::approver_of(
                          case_of(state), *context.around.history, context.around.guard)};
    if (const InstanceId* instance = instance_of(step)) {
        if (const InstanceFacts* target = find_instance(facts, *instance)) {
            intent.target = *target;
        }
    }
    state.judge_again_at.reset();
    state.effects_count += 1;
    state.plan = act::advanced(std::move(*state.plan), step, effect, context.now);
    state.pending = PendingEffect{effect, std::move(step)};
    state = asking_anew(std::move(state));
    Entry entry = record::intent(state.id, std::move(intent));
    HealingTurn turn = with(HealingTurn{.state = std::move(state)}, std::move(entry));
    turn.commands.emplace_back(Perform{act::request_for(std::move(*permit))});
    return turn;
}

HealingTurn take_next_step(IncidentState state, const Facts& facts, const HealingContext& context) {
    const std::vector<InstanceId> by_others = drained_by_others(facts, *context.around.history);
    act::Next next = act::next_step(*state.plan, facts, context.now, by_others);
    if (auto* step = std::get_if<Step>(&next)) {
        return begin_step(std::move(state), std::move(*step), facts, context);
    }
    if (const auto* wait = std::get_if<act::Wait>(&next)) {
        const Instant look_at = std::max(wait->until, next_look_at(*state.plan, context.now));
        return wait_until(std::move(state), look_at);
    }
    if (std::holds_alternative<act::Stuck>(next) && stands_in(state)) {
        return give_way(std::move(state));
    }
    if (const auto* stuck = std::get_if<act::Stuck>(&next)) {
        return escalate_because(std::move(state), "cannot go on: " + stuck->because);
    }
    if (const std::vector<InstanceId> left = left_untold(*state.plan, by_others); !left.empty()) {
        return tell_left_drained(std::move(state), left);
    }
    if (std::holds_alternative<PauseRollout>(state.plan->remedy) && !state.is_undo) {
        return hold_rollout(std::move(state), facts, context);
    }
    // An undo is not verified: whatever it brought, the agent has to judge afresh. What was held
    // and is given back is, for the symptom must not come back with it; and what a person ordered.
    const bool is_judged_afresh = state.is_undo && !state.held && !state.order;
    return go(std::move(state), is_judged_afresh ? "rejudge" : "verify");
}

HealingTurn continue_plan(IncidentState state, const Facts& facts, const HealingContext& context) {
    if (state.pending && facts.is_complete) {
        // What the world says is written before anything else is decided. If only half of it
        // happened, the next step is computed from just that, under an intent of its own.
        Entry entry = read_back(state, facts, context).entry;
        return with(read_facts(std::move(state)), std::move(entry));
    }
    const bool is_overdue = context.now - state.node_since > context.around.plan_for_max;
    if (has_lapsed(state, context) || (is_overdue && !state.suspended_since)) {
        return escalate_because(state, trouble_of_overdue(state));
    }
    if (std::optional<std::string> trouble = trouble_of_order(state, facts, context)) {
        return escalate_because(std::move(state), "what was ordered is no leave: " + *trouble);
    }
    if (!facts.is_complete) {
        const Instant look_at =
            std::max(context.now + reread_after, next_look_at(*state.plan, context.now));
        return wait_until(std::move(state), look_at);
    }
    return take_next_step(std::move(state), facts, context);
}

HealingTurn hear_of_effect(IncidentState state, const Performed& performed, Instant now) {
    const bool is_ours = state.pending && state.pending->effect == performed.effect;
    if (is_ours && performed.outcome.kind != OutcomeKind::unknown) {
        Entry entry = settle(state, performed.outcome, false, now);
        return with(read_facts(std::move(state)), std::move(entry));
    }
    return read_facts(std::move(state));  // Still pending: the world says what became of it.
}

}  // namespace

HealingTurn act(IncidentState state, const HealingEvent& event, const HealingContext& context) {
    if (is_first(event)) {
        state.node_since = context.now;
    }
    const bool is_cleared = message_in<Cleared>(event) != nullptr;
    if (is_cleared && !has_begun(state)) {
        state.tried.pop_back();
        return go(state, state.held ? "hold" : "close");
    }
    if (!has_begun(state) && has_lost_its_turn(case_of(state), *state.plan, event, context)) {
        return take_turn_anew(std::move(state), context);
    }
    keep_turn(state, case_of(state), context);
    if (asks_for_facts(event) || is_cleared || message_in<Notified>(event) != nullptr) {
        return read_facts(std::move(state));
    }
    if (const auto* performed = message_in<Performed>(event)) {
        return hear_of_effect(std::move(state), *performed, context.now);
    }
    const auto* read = message_in<FactsRead>(event);
    if (read == nullptr) {
        return stay(std::move(state));
    }
    if (!read->facts) {
        return escalate_because(std::move(state), "the facts: " + read->facts.error().text);
    }
    look_for_silence(state, *read->facts, context);
    const bool is_released = look_at_switch(state, *read->facts, context);
    if (is_released && !has_begun(state) && !is_reflex(state) && !state.held) {
        state.tried.pop_back();
        return go(std::move(state), "rejudge");  // As in guard: what was judged may be long over.
    }
    return continue_plan(std::move(state), *read->facts, context);
}

}  // namespace homeostat::heal::node
