#include "homeostat/heal/healing_drains.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

namespace homeostat::heal::node {

std::vector<InstanceId> drained_by_others(const Facts& facts, const guard::History& history) {
    std::vector<InstanceId> found;
    for (const InstanceFacts& instance : facts.instances) {
        const bool is_drained = instance.rotation == Rotation::draining;
        if (is_drained && !history.drains().is_ours(instance)) {
            found.push_back(instance.runtime.instance);
        }
    }
    return found;
}

Outcome outcome_of(const PendingEffect& pending,
                   const Facts& facts,
                   const guard::History& history) {
    const auto* drain = std::get_if<Drain>(&pending.step);
    const InstanceFacts* target =
        drain != nullptr ? find_instance(facts, drain->instance) : nullptr;
    const bool is_drained = target != nullptr && target->rotation == Rotation::draining;
    if (facts.is_complete && is_drained && !history.drains().is_ours(*target)) {
        return {OutcomeKind::refused,
                drain->instance.text() + " was drained at another time, so by somebody else"};
    }
    return act::resolve(pending.step, pending.effect, facts);
}

std::vector<InstanceId> left_untold(const act::Plan& plan,
                                    const std::vector<InstanceId>& by_others) {
    std::vector<InstanceId> left;
    std::ranges::copy_if(by_others, std::back_inserter(left), [&](const InstanceId& instance) {
        return act::puts_back(plan, instance) &&
               std::ranges::find(plan.left_drained, instance) == plan.left_drained.end();
    });
    return left;
}

HealingTurn tell_left_drained(IncidentState state, const std::vector<InstanceId>& left) {
    std::ranges::copy(left, std::back_inserter(state.plan->left_drained));
    Notify notify{state.id.text() + ": " + text_of_left(left)};
    HealingTurn turn = stay(std::move(state));
    turn.commands.emplace_back(std::move(notify));
    return turn;
}

std::string text_of_left(const std::vector<InstanceId>& left) {
    std::string names;
    for (const InstanceId& instance : left) {
        names += (names.empty() ? "" : ", ") + instance.text();
    }
    return names + (left.size() == 1 ? " stays" : " stay") +
           " drained: a person did it, as far as can be told";
}

}  // namespace homeostat::heal::node
