#include "homeostat/act/resizing.hpp"

#include <fmt/format.h>

#include <string>
#include <variant>

namespace homeostat::act {

namespace {

bool is_growing(const Resize& remedy) {
    return remedy.to_bytes > remedy.from_bytes;
}

/// Since our last step, or since the plan began.
Duration waited(const Plan& plan, Instant now) {
    return now - plan.step_last_at.value_or(plan.began_at);
}

/// The limit that is wanted is the remedy's.
Next follow(const Plan& plan, const Resize& remedy, const InstanceFacts& target, Instant now) {
    const MemoryFacts& memory = *target.runtime.memory;
    const bool is_patient = waited(plan, now) <= rollout_for_max;
    if (is_growing(remedy) && !memory.is_in_force && (memory.is_refused || !is_patient)) {
        return SetMemory{remedy.instance, target.runtime.identity.pod, remedy.to_bytes,
                         remedy.from_bytes};
    }
    if (memory.is_in_force) {
        return Complete{};
    }
    if (!is_patient) {
        return Stuck{fmt::format("{} uses more memory than {}, for {:.0f} s",
                                 remedy.instance.text(), memory_text(remedy.to_bytes),
                                 to_seconds(waited(plan, now)))};
    }
    return Wait{now + wait_for, is_growing(remedy) ? "there is no room yet for more memory"
                                                   : "it may use more memory than is to be left"};
}

/// It was ended for want of memory and comes back with more. Whether that helped is for
/// verification to find, and no sooner than it serves; nor is that waited for without an end.
Next await_return(const Plan& plan, const Resize& remedy, const Facts& facts, Instant now) {
    const InstanceFacts& target = *find_instance(facts, remedy.instance);
    const bool is_awaited = is_growing(remedy) && !target.is_serving(facts.has_edge) &&
                            waited(plan, now) <= rollout_for_max;
    return is_awaited ? Next{Wait{now + wait_for, remedy.instance.text() + " does not serve yet"}}
                      : Next{Complete{}};
}

}  // namespace

Next next_of_resize(const Plan& plan, const Resize& remedy, const Facts& facts, Instant now) {
    const InstanceFacts* target = find_instance(facts, remedy.instance);
    if (target == nullptr || !target->runtime.memory) {
        return Stuck{"nobody says how much memory " + remedy.instance.text() + " may use"};
    }
    const MemoryFacts& memory = *target->runtime.memory;
    const std::string& pod = target->runtime.identity.pod;
    if (memory.limit_bytes == remedy.to_bytes) {
        Next next = follow(plan, remedy, *target, now);
        return std::holds_alternative<Complete>(next) ? await_return(plan, remedy, facts, now)
                                                      : next;
    }
    if (!is_growing(remedy) && memory.effect.empty()) {
        return Complete{};  // Somebody has set another limit since, and it is theirs.
    }
    const auto* last = plan.step_last ? std::get_if<SetMemory>(&*plan.step_last) : nullptr;
    if (last != nullptr && last->pod != pod) {
        return Stuck{"the pod of " + remedy.instance.text() +
                     " was replaced, and its successor has what the template says"};
    }
    if (memory.limit_bytes != remedy.from_bytes) {
        return Stuck{"somebody else wants " + memory_text(memory.limit_bytes) + " for " +
                     remedy.instance.text()};
    }
    if (last != nullptr && last->to_bytes == remedy.from_bytes) {
        return Stuck{"there was no room for " + memory_text(remedy.to_bytes) +
                     " of memory, and it was taken back"};
    }
    return SetMemory{remedy.instance, pod, remedy.from_bytes, remedy.to_bytes};
}

}  // namespace homeostat::act
