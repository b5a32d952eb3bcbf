// The nodes of a temporary remedy that is in force: one watches until it may be given back and
// takes the agent's proposal of a cure meanwhile, the other gives it back.

#include "homeostat/heal/healing_turn.hpp"
#include "homeostat/record/record.hpp"

#include <utility>

namespace homeostat::heal::node {

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
    state.held = act::looked(std::move(*state.held), *read->facts);
    const act::HoldAdvice advice = act::advise(*state.held, *read->facts, context.now);
    if (const auto* wait = std::get_if<act::Wait>(&advice)) {
        return wait_until(std::move(state), wait->until);
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

}  // namespace homeostat::heal::node
