// After an effect without a trustworthy reply: what the world says became of it.

#include "homeostat/act/act.hpp"
#include "homeostat/act/rollout.hpp"
#include "homeostat/base/fields.hpp"

#include <fmt/format.h>

#include <variant>

namespace homeostat::act {

namespace {

Outcome done(std::string because) {
    return {OutcomeKind::done, std::move(because)};
}
Outcome refused(std::string because) {
    return {OutcomeKind::refused, std::move(because)};
}
Outcome unknown(std::string because) {
    return {OutcomeKind::unknown, std::move(because)};
}

struct Resolve {
    const EffectId& effect;
    const Facts& facts;

    Outcome operator()(const SwapVersion& step) const {
        const VersionFacts& versions = facts.versions[step.artifact];
        const VersionId& current = versions.current;
        if (versions.is_in_force(step.to, step.from)) {
            return done(fmt::format("current is {}", current.text()));
        }
        if (versions.is_in_force(step.from, step.to)) {
            return refused(fmt::format("current is still {}", current.text()));
        }
        // A swap happens from `from` only, so it can no longer happen; whether it did and somebody
        // moved on from there cannot be seen.
        return unknown(
            fmt::format("current is {}, which is neither end of the swap", current.text()));
    }

    Outcome operator()(const Drain& step) const {
        return by_rotation(step.instance, Rotation::draining, Rotation::in);
    }

    Outcome operator()(const Undrain& step) const {
        const InstanceFacts* target = find_instance(facts, step.instance);
        if (target != nullptr && target->rotation == Rotation::down) {
            return done(step.instance.text() + " is no longer drained; its checks fail");
        }
        return by_rotation(step.instance, Rotation::in, Rotation::draining);
    }

    [[nodiscard]] Outcome by_rotation(const InstanceId& instance,
                                      Rotation goal,
                                      Rotation before) const {
        const InstanceFacts* target = find_instance(facts, instance);
        const Rotation rotation = target == nullptr ? Rotation::unknown : target->rotation;
        std::string seen =
            fmt::format("the edge says of {}: {}", instance.text(), to_text(rotation));
        if (rotation == goal) {
            return done(std::move(seen));
        }
        return rotation == before ? refused(std::move(seen)) : unknown(std::move(seen));
    }

    // One that was opened and has closed by itself since reads as never opened, and may be opened
    // again all the same.
    Outcome operator()(const SetCircuit& step) const {
        const CircuitFacts* circuit = find_circuit(facts, step.neighbour);
        if (circuit == nullptr) {
            return unknown("the edge says nothing of the circuit of " + step.neighbour.text());
        }
        std::string seen = fmt::format("the circuit of {} is {}", step.neighbour.text(),
                                       circuit->is_open ? "open" : "closed");
        return circuit->is_open == step.is_open ? done(std::move(seen)) : refused(std::move(seen));
    }

    Outcome operator()(const SetRoute& step) const {
        const RouteFacts* route = find_route(facts, step.cache);
        if (route == nullptr) {
            return unknown("the edge says nothing of the route of " + step.cache.text());
        }
        std::string seen = fmt::format("the reads of {} go {}", step.cache.text(),
                                       route->is_to_source ? "to its source" : "through it");
        return route->is_to_source == step.is_to_source ? done(std::move(seen))
                                                        : refused(std::move(seen));
    }

    // Keys that were dropped and filled wrongly since read as never dropped; to drop them again
    // would do no harm.
    Outcome operator()(const Invalidate& step) const {
        const CacheFacts* cache = find_cache(facts, step.cache);
        if (cache == nullptr || !cache->is_answering) {
            return unknown(step.cache.text() + " does not answer");
        }
        std::string seen =
            fmt::format("{} of {} keys of {} differ from the source", cache->differing_count,
                        cache->keys_count, step.cache.text());
        return cache->differing_count == 0 ? done(std::move(seen)) : refused(std::move(seen));
    }

    // That all is well tells that it was done; of taking it back nothing tells.
    Outcome operator()(const Run& step) const {
        const TaskFacts* task = find_task(facts, step.task);
        if (task == nullptr) {
            return unknown("the check of " + step.task.text() + " does not answer");
        }
        const std::string_view seen = task->is_well ? "is well" : "fails";
        std::string because = fmt::format("the check of {} {}", step.task.text(), seen);
        return task->is_well && !step.is_inverse ? done(std::move(because))
                                                 : unknown(std::move(because));
    }

    Outcome operator()(const SetPaused& step) const { return resolve_rollout(step, effect, facts); }

    /// Wanted or spare: starting or stopping moves it from one to the other.
    [[nodiscard]] const InstanceFacts* find_any(const InstanceId& instance) const {
        const InstanceFacts* wanted = find_instance(facts, instance);
        return wanted != nullptr ? wanted : find_spare(facts, instance);
    }

    Outcome operator()(const Stop& step) const {
        const InstanceFacts* target = find_any(step.instance);
        if (target == nullptr) {
            return unknown(step.instance.text() + " is not among the instances");
        }
        const RuntimeInstance& runtime = target->runtime;
        if (!runtime.is_wanted) {
            return done(step.instance.text() + " is a spare");
        }
        if (!effect.empty() && runtime.effect == effect) {
            return done("one less is wanted, and somebody else chose whom to end");
        }
        const bool is_as_before = runtime.present() == step.expected;
        if (is_as_before) {
            return refused(step.instance.text() + " is as it was");
        }
        return unknown(runtime.is_alive
                           ? describe(runtime.identity) + " runs there instead"
                           : describe(step.expected) + " has ended, and it is no spare yet");
    }

    Outcome operator()(const Replace& step) const {
        const InstanceFacts* target = find_any(step.instance);
        if (target == nullptr) {
            return unknown(step.instance.text() + " is not among the instances");
        }
        const RuntimeInstance& runtime = target->runtime;
        if (!effect.empty() && runtime.effect == effect) {
            return done(describe(runtime.identity) +
                        (runtime.is_alive || runtime.is_coming
                             ? " carries the effect"
                             : " carried the effect and has ended since"));
        }
        if (!step.expected.pod.empty()) {
            return of_pod(step, runtime);
        }
        const bool is_dead_as_before = !runtime.is_alive && step.expected.pid == 0;
        if (is_dead_as_before) {
            return refused("still no process runs there");
        }
        if (runtime.is_alive && runtime.identity == step.expected) {
            return refused(describe(runtime.identity) + " still runs");
        }
        if (runtime.is_alive) {
            return unknown(describe(runtime.identity) +
                           " runs there; another effect or hand started it");
        }
        // Half of it: neither done nor "nothing has changed". The next step finds a dead instance
        // and starts it under an intent of its own.
        return unknown(describe(step.expected) + " has ended and nothing was started in its place");
    }

    /// Of a pod that is gone nobody can say what was wanted for it.
    Outcome operator()(const SetMemory& step) const {
        const InstanceFacts* target = find_instance(facts, step.instance);
        if (target == nullptr || target->runtime.identity.pod != step.pod) {
            return unknown("another pod stands for " + step.instance.text());
        }
        if (!target->runtime.memory) {
            return unknown("nobody says how much memory is wanted for " + step.instance.text());
        }
        const MemoryFacts& memory = *target->runtime.memory;
        std::string seen = memory_text(memory.limit_bytes) + " of memory are wanted for it";
        if (!effect.empty() && memory.effect == effect) {
            return done(std::move(seen) + " by this effect");
        }
        return memory.limit_bytes == step.from_bytes ? refused(std::move(seen))
                                                     : unknown(std::move(seen) + ", not by us");
    }

    /// A pod's uid is never given twice: once it is gone the goal is reached, by whoever's hand,
    /// and what follows it is its orchestrator's part.
    [[nodiscard]] static Outcome of_pod(const Replace& step, const RuntimeInstance& runtime) {
        return runtime.identity.pod == step.expected.pod
                   ? refused(describe(runtime.identity) + " is still there")
                   : done(describe(step.expected) + " is gone");
    }
};

}  // namespace

Outcome resolve(const Step& step, const EffectId& effect, const Facts& facts) {
    if (!facts.is_complete) {
        return unknown("a part of the world did not answer");
    }
    return std::visit(Resolve{effect, facts}, step);
}

}  // namespace homeostat::act
