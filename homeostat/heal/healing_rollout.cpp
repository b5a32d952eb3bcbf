#include "homeostat/heal/healing_rollout.hpp"

#include "homeostat/heal/healing_hand.hpp"
#include "homeostat/heal/healing_turn.hpp"
#include "homeostat/record/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::heal::node {

namespace {

constexpr std::string_view left_rule = "a rollout that is not well goes on by a person's hand only";

/// So many of those that the rollout has not replaced serve on.
std::uint32_t old_serving_count(const Facts& facts, const VersionId& version) {
    const auto count = std::ranges::count_if(facts.instances, [&](const InstanceFacts& instance) {
        return instance.runtime.version != version && instance.is_serving(facts.has_edge);
    });
    return static_cast<std::uint32_t>(count);
}

}  // namespace

std::optional<Remedy> stopgap_for(homeostat::guard::Case asked,
                                  const IncidentState& state,
                                  const Facts& facts,
                                  const HealingContext& context) {
    const auto* rollback = std::get_if<Rollback>(&asked.remedy);
    const bool is_of_rollout = rollback != nullptr && rollback->artifact == Artifact::deploy;
    if (!is_of_rollout || state.held || state.is_undo || state.order) {
        return std::nullopt;
    }
    const Remedy pause = PauseRollout{rollback->service, rollback->from};
    const auto& items = state.proposal.menu.items;
    const bool is_tried = std::ranges::find(state.tried, pause) != state.tried.end();
    const bool is_offered =
        !is_tried && std::ranges::find(items, pause, &MenuItem::remedy) != items.end();
    asked.remedy = pause;
    asked.is_held_back = false;
    asked.refused_since.reset();
    asked.leave_trouble.reset();
    const bool is_permitted =
        is_offered && homeostat::guard::check(asked, facts, *context.around.history,
                                              context.around.guard, context.now)
                              .kind == VerdictKind::permit;
    return is_permitted ? std::optional(pause) : std::nullopt;
}

HealingTurn choose_stopgap(IncidentState state, Remedy stopgap, VerdictBody refused) {
    state.proposal.choice.remedy = std::move(stopgap);
    state.proposal.choice.held_back.reset();
    state = asking_anew(std::move(state));
    Entry entry = record::verdict(state.id, std::move(refused));
    return with(read_facts(std::move(state)), std::move(entry));
}

HealingTurn hold_rollout(IncidentState state, const Facts& facts, const HealingContext& context) {
    const Remedy remedy = remedy_in_hand(state);
    const VersionId& version = std::get<PauseRollout>(remedy).version;
    Proof proof;
    proof.kind = ProofKind::helped;
    proof.observers = {Observer::process};
    proof.samples_count = 1;
    proof.good_ratio = 1;
    proof.because = fmt::format(
        "the rollout of {} stands, and {} of the old instances serve on; "
        "it heals nothing by itself",
        version.text(), old_serving_count(facts, version));
    Entry entry = record::proof(state.id, remedy, proof);
    state.is_cleared = false;
    state.is_untold = false;
    HealingTurn turn = begin_hold(std::move(state), remedy, context);
    turn.records.insert(turn.records.begin(), std::move(entry));
    return turn;
}

HealingTurn leave_to_person(IncidentState state,
                            std::string because,
                            const HealingContext& context) {
    if (state.is_untold) {
        return wait_until(std::move(state), context.now + look_every_max);
    }
    state.is_untold = true;
    state.trouble = record::redact(because);
    state.trouble_rule = left_rule;
    Entry entry = record::escalated(
        state.id, EscalatedBody{state.trouble, state.trouble_rule, about_of(state)});
    return with(tell_trouble(std::move(state)), std::move(entry));
}

IncidentState hear_of_call(IncidentState state, const HealingEvent& event) {
    if (!lets_stand(state) || !state.is_untold) {
        return state;
    }
    if (message_in<Notified>(event) != nullptr) {
        state.held->is_left = true;
        state.is_untold = false;
    } else if (is_after_restart(event)) {
        state.is_untold = false;  // Whoever died meanwhile may not have told it.
    }
    return state;
}

}  // namespace homeostat::heal::node
