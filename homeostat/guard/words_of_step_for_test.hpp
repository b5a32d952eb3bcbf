#pragma once

// What the rules in words ask of a step, of other incidents and of room.
//
// Pure. For tests only.

#include "homeostat/guard/words_of_symptom_for_test.hpp"

#include <algorithm>
#include <cstdint>
#include <variant>
#include <vector>

namespace homeostat::guard::for_test {

[[nodiscard]] inline bool is_as_expected(const InstanceFacts& target,
                                         const ProcessIdentity& expected) {
    const RuntimeInstance& runtime = target.runtime;
    const bool has_one = runtime.is_alive || !runtime.identity.pod.empty();
    return expected == (has_one ? runtime.identity : ProcessIdentity{});
}

[[nodiscard]] inline bool is_fit(const Question& it, const SwapVersion& step) {
    return it.asked.remedy == Remedy{Rollback{step.service, step.from, step.to, step.artifact}} &&
           it.facts.versions[step.artifact].is_in_force(step.from, step.to);
}

[[nodiscard]] inline bool is_fit(const Question& it, const SetCircuit& step) {
    const CircuitFacts* circuit = find_circuit(it.facts, step.neighbour);
    const Remedy opens = OpenCircuit{step.neighbour};
    const Remedy closes = CloseCircuit{step.neighbour};
    return it.asked.remedy == (step.is_open ? opens : closes) && circuit != nullptr &&
           circuit->is_open != step.is_open;
}

[[nodiscard]] inline bool is_fit(const Question& it, const SetRoute& step) {
    const RouteFacts* route = find_route(it.facts, step.cache);
    const Remedy there = Reroute{step.cache};
    const Remedy back = RouteBack{step.cache};
    return it.asked.remedy == (step.is_to_source ? there : back) && route != nullptr &&
           route->is_to_source != step.is_to_source &&
           (!step.is_to_source || is_source_whole(it, step.cache));
}

[[nodiscard]] inline bool is_fit(const Question& it, const Invalidate& step) {
    return (it.asked.remedy == Remedy{InvalidateCache{step.cache}} ||
            it.asked.remedy == Remedy{Reroute{step.cache}}) &&
           is_seen_stale(it, step.cache);
}

/// Null unless it is one of the group and the remedy may touch it.
[[nodiscard]] inline const InstanceFacts* target_named(const Question& it,
                                                       const InstanceId& instance) {
    const InstanceId* named = instance_of(it.asked.remedy);
    return named == nullptr || *named == instance ? find_instance(it.facts, instance) : nullptr;
}

[[nodiscard]] inline bool replaces(const Question& it) {
    const auto* swap = std::get_if<Rollback>(&it.asked.remedy);
    return is<Restart>(it) || is<RollingRestart>(it) ||
           (swap != nullptr && swap->artifact != Artifact::flag);
}

/// Above 0: instances are added; below: taken away.
[[nodiscard]] inline std::int64_t scales_by(const Question& it) {
    const auto* scale = std::get_if<Scale>(&it.asked.remedy);
    return scale == nullptr ? 0 : std::int64_t{scale->to} - std::int64_t{scale->from};
}

[[nodiscard]] inline bool is_fit(const Question& it, const Drain& step) {
    const InstanceFacts* target = target_named(it, step.instance);
    return target != nullptr && it.facts.has_edge && target->rotation == Rotation::in &&
           (replaces(it) || is<Eject>(it) || (scales_by(it) < 0 && target->runtime.is_spare));
}

[[nodiscard]] inline bool is_fit(const Question& it, const Undrain& step) {
    const InstanceFacts* target = target_named(it, step.instance);
    return target != nullptr && it.facts.has_edge && target->rotation == Rotation::draining &&
           (replaces(it) || is<Readmit>(it) || scales_by(it) > 0);
}

/// What is started is current. A rollback swaps first; a scale starts spares, up to its goal.
// NOLINTNEXTLINE(readability-function-cognitive-complexity): one case after another.
[[nodiscard]] inline bool is_fit(const Question& it, const Replace& step) {
    const InstanceFacts* target = target_named(it, step.instance);
    const auto* swap = std::get_if<Rollback>(&it.asked.remedy);
    const bool is_swapped =
        swap == nullptr || it.facts.versions[swap->artifact].current == swap->to;
    if (scales_by(it) > 0) {
        const bool has_room = it.facts.instances.size() < std::get<Scale>(it.asked.remedy).to;
        const bool has_ended =
            target != nullptr && target->runtime.is_spare && !target->runtime.is_alive;
        const InstanceFacts* spare = has_room ? find_spare(it.facts, step.instance) : nullptr;
        const bool is_had = spare != nullptr && spare->runtime.is_spare;
        target = target == nullptr ? (is_had ? spare : nullptr) : has_ended ? target : nullptr;
    }
    return (replaces(it) || scales_by(it) > 0) && target != nullptr &&
           is_as_expected(*target, step.expected) && is_swapped &&
           step.version == it.facts.versions.deploy.current &&
           step.config == it.facts.versions.config.current;
}

/// The last of the added ones goes first; no more than were added.
[[nodiscard]] inline bool is_fit(const Question& it, const Stop& step) {
    const InstanceFacts* target = target_named(it, step.instance);
    return scales_by(it) < 0 && target != nullptr && target->runtime.is_spare &&
           is_as_expected(*target, step.expected) &&
           it.facts.instances.size() > std::get<Scale>(it.asked.remedy).to;
}

/// What its remedy runs, where there is something to do for it; a second time only where that is
/// declared to do no harm.
[[nodiscard]] inline bool is_fit(const Question& it, const Run& step) {
    const DeclaredTask* of = task_of(it.asked.remedy);
    const TaskFacts* task = find_task(it.facts, step.task);
    return of != nullptr && task != nullptr && of->task == step.task &&
           of->declaration == step.declaration && of->keeps_capacity == step.keeps_capacity &&
           step.is_inverse == is<TakeBackTask>(it) && (step.is_inverse || !task->is_well) &&
           ((task->of.is_repeatable && !task->of.is_destructive) || !is_in_hand(it));
}

/// As its remedy says, at the pod that has that limit; or back again, once begun, where there is no
/// room. Less is set only where the limit is ours.
[[nodiscard]] inline bool is_fit(const Question& it, const SetMemory& step) {
    const Remedy as_said = Resize{step.instance, step.from_bytes, step.to_bytes};
    const Remedy other_way = Resize{step.instance, step.to_bytes, step.from_bytes};
    const bool is_back =
        it.asked.remedy == other_way && is_in_hand(it) && step.to_bytes < step.from_bytes;
    const InstanceFacts* target = find_instance(it.facts, step.instance);
    if (target == nullptr || !target->runtime.memory || step.pod.empty()) {
        return false;
    }
    const MemoryFacts& has = *target->runtime.memory;
    return (it.asked.remedy == as_said || (is_back && !has.is_in_force)) &&
           target->runtime.identity.pod == step.pod && has.limit_bytes == step.from_bytes &&
           (step.to_bytes >= step.from_bytes || !has.effect.empty());
}

[[nodiscard]] inline bool is_fit(const Question& it, const SetPaused& step) {
    const Remedy stands = PauseRollout{step.service, step.version};
    const Remedy goes_on = ResumeRollout{step.service, step.version};
    if (it.asked.remedy != (step.is_paused ? stands : goes_on) || !it.facts.rollout) {
        return false;
    }
    const RolloutFacts& rollout = *it.facts.rollout;
    return step.is_paused ? !rollout.is_paused && it.facts.versions.deploy.current == step.version
                          : rollout.is_paused && !rollout.paused_by.empty();
}

[[nodiscard]] inline bool fits(const Question& it, const Step& step) {
    return std::visit([&](const auto& one) { return is_fit(it, one); }, step);
}

/// A reflex and a judged remedy may go side by side: at two instances, or at one and at none.
[[nodiscard]] inline bool is_apart(const Question& it, const Event& theirs) {
    if (it.asked.is_reflex == theirs.is_reflex) {
        return false;
    }
    if (it.asked.is_reflex) {
        const auto* restart = std::get_if<Restart>(&it.asked.remedy);
        const InstanceId* ours = it.step              ? instance_of(*it.step)
                                 : restart != nullptr ? &restart->instance
                                                      : nullptr;
        return ours != nullptr && !may_touch(theirs.step, *ours);
    }
    const InstanceId* its = instance_of(theirs.step);
    return is_in_hand(it) && it.step && its != nullptr && !may_touch(*it.step, *its);
}

[[nodiscard]] inline bool serves(const Question& it, const InstanceFacts& instance) {
    return instance.runtime.is_alive && instance.runtime.is_answering &&
           (!it.facts.has_edge || instance.rotation == Rotation::in);
}

/// Unknown to the edge is not "out".
[[nodiscard]] inline bool is_put_out(const Question& it, const InstanceFacts& instance) {
    return it.facts.has_edge &&
           (instance.rotation == Rotation::draining || instance.rotation == Rotation::down);
}

/// What does not answer us serves nobody; where much does not, only what the edge has out as well.
[[nodiscard]] inline bool may_serve(const Question& it, const InstanceFacts& instance) {
    const bool is_believed = !(it.facts.has_edge && is_much_silent(it));
    const bool is_silent = is_believed && !instance.runtime.is_answering;
    return instance.runtime.is_alive && !is_silent && !is_put_out(it, instance);
}

[[nodiscard]] inline std::uint32_t others_serving(const Question& it, const InstanceFacts& than) {
    return static_cast<std::uint32_t>(std::ranges::count_if(
        it.facts.instances, [&](const auto& one) { return &one != &than && serves(it, one); }));
}

/// What the step, or the remedy as a whole, takes out of service.
// NOLINTNEXTLINE(readability-function-cognitive-complexity): one case after another.
[[nodiscard]] inline std::vector<const InstanceFacts*> targets(const Question& it) {
    const DeclaredTask* task = task_of(it.asked.remedy);
    const bool runs = task != nullptr && (!it.step || std::holds_alternative<Run>(*it.step));
    const InstanceId* one = it.step ? instance_of(*it.step) : instance_of(it.asked.remedy);
    const bool takes = runs      ? !task->keeps_capacity
                       : it.step ? !std::holds_alternative<Undrain>(*it.step) &&
                                       !std::holds_alternative<SetMemory>(*it.step)
                                 : is<Eject>(it) || is<Restart>(it) || replaces(it);
    const auto* swap = std::get_if<Rollback>(&it.asked.remedy);
    std::vector<const InstanceFacts*> found;
    for (const InstanceFacts& each : it.facts.instances) {
        const RuntimeInstance& runtime = each.runtime;
        const bool is_named = one != nullptr ? runtime.instance == *one : runs || !it.step;
        const bool is_there = !it.step && swap != nullptr && runtime.is_alive &&
                              runtime.version_of(swap->artifact) == swap->to;
        if (takes && is_named && !is_there) {
            found.push_back(&each);
        }
    }
    const auto* scale = std::get_if<Scale>(&it.asked.remedy);
    for (std::size_t at = it.facts.instances.size(); scale != nullptr && !it.step && at > 0; --at) {
        const InstanceFacts& each = it.facts.instances[at - 1];
        if (each.runtime.is_spare && it.facts.instances.size() - found.size() > scale->to) {
            found.push_back(&each);
        }
    }
    return found;
}

/// With what ends it again: a drain its replacement and undrain, a switch its turning back.
// NOLINTNEXTLINE(readability-function-cognitive-complexity): one case after another.
[[nodiscard]] inline std::size_t effects_of(const Question& it, const Step& step) {
    const auto of_replace = [&](const Replace& one) -> std::size_t {
        const InstanceFacts* target = find_instance(it.facts, one.instance);
        const auto* back = std::get_if<Rollback>(&it.asked.remedy);
        const bool is_hastened =
            back != nullptr && back->artifact == Artifact::deploy && it.facts.is_orchestrated;
        const bool is_drained = target != nullptr && target->rotation == Rotation::draining;
        return is_drained || is_hastened ? 2 : 1;
    };
    return std::visit(
        Match{[](const Drain&) -> std::size_t { return 3; }, of_replace,
              [](const SetCircuit& one) -> std::size_t { return one.is_open ? 2 : 1; },
              [](const SetRoute& one) -> std::size_t { return one.is_to_source ? 3 : 1; },
              [](const SetPaused& one) -> std::size_t { return one.is_paused ? 2 : 1; },
              [&](const Invalidate&) -> std::size_t { return is<Reroute>(it) ? 2 : 1; },
              [&](const Run& one) -> std::size_t {
                  return !one.is_inverse && task_of(it.asked.remedy)->is_reversible ? 2 : 1;
              },
              [](const SetMemory& one) -> std::size_t {
                  return one.to_bytes > one.from_bytes ? 2 : 1;
              },
              [](const auto&) -> std::size_t { return 1; }},
        step);
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one case after another.
[[nodiscard]] inline std::size_t effects_of_all(const Question& it) {
    if (is<Reroute>(it) || is<OpenCircuit>(it) || is<PauseRollout>(it)) {
        return is<Reroute>(it) ? 3 : 2;
    }
    if (const DeclaredTask* task = task_of(it.asked.remedy)) {
        return is<RunTask>(it) && task->is_reversible ? 2 : 1;
    }
    if (const auto* resize = std::get_if<Resize>(&it.asked.remedy)) {
        return resize->to_bytes > resize->from_bytes ? 2 : 1;
    }
    const auto* swap = std::get_if<Rollback>(&it.asked.remedy);
    if (swap != nullptr && swap->artifact == Artifact::deploy && it.facts.is_orchestrated) {
        return 1;
    }
    std::size_t needed = is<Rollback>(it) ? 1 : 0;
    needed += scales_by(it) > 0 ? 2 * static_cast<std::size_t>(scales_by(it)) : 0;
    for (const InstanceFacts* target : targets(it)) {
        const bool drains = it.facts.has_edge && !it.facts.is_orchestrated &&
                            target->runtime.is_alive && target->runtime.is_answering &&
                            !is_put_out(it, *target);
        needed += drains ? 3 : target->rotation == Rotation::draining ? 2 : 1;
    }
    return std::max<std::size_t>(needed, 1);
}

}  // namespace homeostat::guard::for_test
