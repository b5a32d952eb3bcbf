#include "homeostat/act/hastening.hpp"

#include <algorithm>
#include <cstddef>
#include <variant>

namespace homeostat::act {

namespace {

/// Its orchestrator makes its like anew where one was asked to go, and that one may be ready long
/// before those of the right version are: it is asked as well, a while after.
bool may_be_asked(const Plan& plan, const RuntimeInstance& runtime, Instant now) {
    const auto count = static_cast<std::size_t>(
        std::ranges::count(plan.replacements, runtime.instance, &Replacement::instance));
    const auto* last = plan.step_last ? std::get_if<Replace>(&*plan.step_last) : nullptr;
    const bool was_last = last != nullptr && last->instance == runtime.instance &&
                          last->expected == runtime.present();
    const Instant since = plan.step_last_at.value_or(plan.began_at);
    return count == 0 ||
           (count < replaces_per_instance_max && !was_last && now >= since + try_again_after);
}

}  // namespace

const InstanceFacts* one_to_hasten(const Plan& plan,
                                   const Facts& facts,
                                   const Rollback& remedy,
                                   Instant now) {
    const auto serves = [&](const InstanceFacts& one, const VersionId& version) {
        return one.is_serving(facts.has_edge) && one.runtime.version_of(remedy.artifact) == version;
    };
    const auto serving_count = [&](const VersionId& version) {
        return std::ranges::count_if(
            facts.instances, [&](const InstanceFacts& one) { return serves(one, version); });
    };
    if (!plan.hastens || serving_count(remedy.to) < 2 * serving_count(remedy.from) ||
        plan.replacements.size() >= hastened_max) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(facts.instances, [&](const InstanceFacts& one) {
        return serves(one, remedy.from) && may_be_asked(plan, one.runtime, now);
    });
    return found == facts.instances.end() ? nullptr : &*found;
}

}  // namespace homeostat::act
