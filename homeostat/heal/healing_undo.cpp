// Taking back: what did not help, and what a person wants back though it may have helped. The node
// undo stands here; what a person says comes to guard as an order, and to hold as a message.

#include "homeostat/heal/healing_undo.hpp"

#include "homeostat/heal/approvers.hpp"
#include "homeostat/heal/healing_hand.hpp"
#include "homeostat/record/record.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::heal::node {

namespace {

/// Whoever takes one back does not want the next one done unasked: as if it had not helped. Nothing
/// where people are asked anyway.
std::optional<Entry> demotion_of(const Remedy& remedy,
                                 const IncidentId& incident,
                                 const TakenBack& said,
                                 const HealingContext& context) {
    const bool acts_alone = homeostat::guard::autonomy_now(remedy, *context.around.history,
                                                           context.around.guard) == Autonomy::act;
    if (!context.around.guard.demotes || !acts_alone) {
        return std::nullopt;
    }
    Demotion demotion = demotion_for(remedy, incident, said.because);
    demotion.by = said.by;
    return record::demoted(std::move(demotion));
}

/// What did it, that it is taken back, and what follows for its kind.
std::vector<Entry> entries_of(const IncidentId& incident,
                              UndoBody body,
                              const HealingContext& context) {
    const IncidentId& done_in = body.undoes ? *body.undoes : incident;
    std::optional<Entry> demotion =
        demotion_of(body.remedy, done_in, {body.by, body.because}, context);
    std::vector<Entry> entries;
    entries.push_back(record::undo(incident, std::move(body)));
    if (demotion) {
        entries.push_back(*std::move(demotion));
    }
    return entries;
}

/// What a remedy that was given up has left is, and what the clock has ended. It ends no rollout
/// that stands (ADR 34).
bool is_on_its_way_back(const act::Held& held, Instant now) {
    const bool ends_by_clock = !std::holds_alternative<PauseRollout>(held.remedy);
    return held.is_residue || held.is_ordered || (ends_by_clock && held.until <= now);
}

void end_hold(act::Held& held,
              const IncidentState& state,
              const TakenBack& said,
              const HealingContext& context,
              std::vector<Entry>& records) {
    if (is_on_its_way_back(held, context.now)) {
        return;
    }
    held.until = context.now;
    held.is_ordered = true;
    held.again_at.reset();
    UndoBody body{held.remedy, *inverse_of(held.remedy), said.by, said.because};
    std::ranges::move(entries_of(state.id, std::move(body), context), std::back_inserter(records));
    records.push_back(record::held(state.id, HeldBody{held.remedy, held.until}));
}

/// What was true of the world when it was ordered.
Preconditions world_of(const PersonOrder& order) {
    return order.leave ? order.leave->form.preconditions : Preconditions{};
}

/// The list, the clock, the form or the world may have changed since it was ordered.
std::optional<std::string> trouble_with(const PersonOrder& order,
                                        Preconditions world,
                                        const HealingContext& context) {
    if (context.around.approvers == nullptr) {
        return std::nullopt;
    }
    const Approval given{.question = std::string(undo_question),
                         .remedy = *inverse_of(order.remedy),
                         .preconditions = std::move(world),
                         .by = order.by,
                         .leave = order.leave};
    return heal::trouble_with(*context.around.approvers, order.undoes, given,
                              context.around.wall_now);
}

}  // namespace

HealingTurn undo(IncidentState state, const HealingEvent&, const HealingContext& context) {
    const Remedy remedy = remedy_in_hand(state);
    const Remedy inverse = *inverse_of(remedy);
    state.plan = plan_for(inverse, context);
    state.is_undo = true;
    state = asking_anew(std::move(state));
    Entry entry = record::undo(state.id, {remedy, inverse});
    return with(go(std::move(state), "act"), std::move(entry));
}

HealingTurn begin_order(IncidentState state, const HealingContext& context) {
    const PersonOrder order = *state.order;
    const Remedy inverse = *inverse_of(order.remedy);
    if (std::optional<std::string> trouble = trouble_with(order, world_of(order), context)) {
        return escalate_because(std::move(state), "what was ordered is no leave: " + *trouble);
    }
    state.plan = plan_for(inverse, context);
    state.is_undo = true;
    state.tried.push_back(inverse);
    state = asking_anew(std::move(state));
    HealingTurn turn = go(std::move(state), "act");
    turn.records = entries_of(
        turn.state.id, {order.remedy, inverse, order.by, order.because, order.undoes, order.leave},
        context);
    return turn;
}

bool has_yet_to_begin(const IncidentState& state) {
    return state.order && !has_done_something(state);
}

bool has_lapsed(const IncidentState& state, const HealingContext& context) {
    return has_yet_to_begin(state) && context.around.wall_now > state.order->until;
}

/// What cannot be read is no other world, and nothing begins in it.
std::optional<std::string> trouble_of_order(const IncidentState& state,
                                            const Facts& facts,
                                            const HealingContext& context) {
    if (!has_yet_to_begin(state)) {
        return std::nullopt;
    }
    Preconditions world =
        facts.is_complete ? preconditions_of(remedy_in_hand(state), facts) : world_of(*state.order);
    return trouble_with(*state.order, std::move(world), context);
}

HealingTurn take_back(IncidentState state, const TakenBack& said, const HealingContext& context) {
    std::vector<Entry> records;
    IncidentState after = state;
    end_hold(*after.held, state, said, context, records);
    for (act::Held& other : after.held_beside) {
        end_hold(other, state, said, context, records);
    }
    HealingTurn turn = read_facts(std::move(after));
    turn.records = std::move(records);
    return turn;
}

}  // namespace homeostat::heal::node
