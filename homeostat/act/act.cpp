#include "homeostat/act/act.hpp"

#include <utility>

namespace homeostat::act {

namespace {

struct InverseOf {
    std::optional<Remedy> operator()(const Rollback& remedy) const {
        return Rollback{remedy.service, remedy.to, remedy.from};
    }
    // A process that was replaced does not come back, and nothing needs no undoing.
    std::optional<Remedy> operator()(const auto&) const { return std::nullopt; }
};

}  // namespace

Plan advanced(Plan plan, const Step& step, const EffectId& effect, Instant now) {
    plan.steps_count += 1;
    plan.step_last_at = now;
    if (std::holds_alternative<Drain>(step)) {
        plan.drain_began_at = now;
    }
    if (const auto* replace = std::get_if<Replace>(&step)) {
        plan.replacements.push_back({replace->instance, effect});
    }
    return plan;
}

Request request_for(Permit permit) {
    return Request(std::move(permit));
}

std::optional<Remedy> inverse_of(const Remedy& remedy) {
    return std::visit(InverseOf{}, remedy);
}

}  // namespace homeostat::act
