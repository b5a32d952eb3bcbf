#include "homeostat/act/act.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace homeostat::act {

bool is_optional(const Plan& plan, const Facts& facts, const Step& step) {
    const auto* rollback = std::get_if<Rollback>(&plan.remedy);
    return rollback != nullptr && rollback->artifact == Artifact::deploy && facts.is_orchestrated &&
           std::holds_alternative<Replace>(step);
}

bool puts_back(const Plan& plan, const InstanceId& instance) {
    const RemedyKind kind = kind_of(plan.remedy);
    const InstanceId* named = instance_of(plan.remedy);
    const bool is_readmitted = kind == RemedyKind::readmit && *named == instance;
    const auto* rollback = std::get_if<Rollback>(&plan.remedy);
    const bool is_about_all = kind == RemedyKind::rolling_restart ||
                              (rollback != nullptr && is_started_with(rollback->artifact));
    return is_readmitted || is_about_all ||
           std::ranges::find(plan.replacements, instance, &Replacement::instance) !=
               plan.replacements.end();
}

Plan advanced(Plan plan, const Step& step, const EffectId& effect, Instant now) {
    plan.steps_count += 1;
    plan.step_last_at = now;
    plan.step_last_count = plan.step_last == step ? plan.step_last_count + 1 : 1;
    plan.step_last = step;
    if (std::holds_alternative<Drain>(step)) {
        plan.drain_began_at = now;
    }
    if (const auto* replace = std::get_if<Replace>(&step)) {
        plan.replacements.push_back({replace->instance, effect});
    }
    plan.invalidations_count += std::holds_alternative<Invalidate>(step) ? 1 : 0;
    if (std::holds_alternative<Run>(step)) {
        plan.runs_count += 1;
        plan.run_ended.reset();
    }
    return plan;
}

Plan learned(Plan plan, OutcomeKind outcome, Instant now) {
    if (plan.step_last && std::holds_alternative<Run>(*plan.step_last)) {
        plan.run_ended = outcome;
        plan.step_last_at = now;
    }
    return plan;
}

Request request_for(Permit permit) {
    return Request(std::move(permit));
}

}  // namespace homeostat::act
