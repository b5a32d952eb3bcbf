#pragma once

// What the rules in words ask where much looks dead, and of the symptom.
//
// Pure. For tests only.

#include "homeostat/guard/words_of_remedy_for_test.hpp"

#include <algorithm>
#include <cstdint>
#include <variant>

namespace homeostat::guard::for_test {

/// Nobody loses by having more memory.
[[nodiscard]] inline bool feeds(const Question& it) {
    const auto* step = it.step ? std::get_if<SetMemory>(&*it.step) : nullptr;
    const auto* remedy = std::get_if<Resize>(&it.asked.remedy);
    return it.step ? step != nullptr && step->to_bytes > step->from_bytes
                   : remedy != nullptr && remedy->to_bytes > remedy->from_bytes;
}

/// Whoever is served loses nothing by it: it gives back, or is at what has ended, or it starts
/// anew what is drained and serves nobody.
// NOLINTNEXTLINE(readability-function-cognitive-complexity): one case after another.
[[nodiscard]] inline bool costs_nobody(const Question& it) {
    const InstanceId* name = it.step ? instance_of(*it.step) : instance_of(it.asked.remedy);
    const bool starts = it.step ? std::holds_alternative<Replace>(*it.step) : is<Restart>(it);
    if (name != nullptr) {
        const InstanceFacts* target = find_instance(it.facts, *name);
        const bool is_spare = it.step && find_spare(it.facts, *name) != nullptr && starts;
        const bool has_ended = target == nullptr || !target->runtime.is_alive;
        const bool is_idle = target != nullptr && it.facts.has_edge && starts &&
                             target->rotation == Rotation::draining && target->sessions_now == 0;
        const bool gives = it.step ? std::holds_alternative<Undrain>(*it.step) : is<Readmit>(it);
        return gives || feeds(it) || is_idle || (has_ended && !is_spare);
    }
    if (!it.step) {
        return is<CloseCircuit>(it) || is<RouteBack>(it) || is<PauseRollout>(it);
    }
    const auto* circuit = std::get_if<SetCircuit>(&*it.step);
    const auto* route = std::get_if<SetRoute>(&*it.step);
    const auto* rollout = std::get_if<SetPaused>(&*it.step);
    return (circuit != nullptr && !circuit->is_open) ||
           (route != nullptr && !route->is_to_source) || (rollout != nullptr && rollout->is_paused);
}

/// It takes away what answers us. A change of version may be the cure for all of it.
[[nodiscard]] inline bool takes_what_answers(const Question& it) {
    if (const auto* scale = std::get_if<Scale>(&it.asked.remedy); scale != nullptr && !it.step) {
        return scale->to < scale->from;
    }
    const auto* run = it.step ? std::get_if<Run>(&*it.step) : nullptr;
    const TaskFacts* known = run != nullptr ? find_task(it.facts, run->task) : nullptr;
    const DeclaredTask* task = known != nullptr ? &known->of : task_of(it.asked.remedy);
    if (run != nullptr || (task != nullptr && !it.step)) {
        return task == nullptr || !task->keeps_capacity;  // Nobody knows what it takes.
    }
    const InstanceId* name = it.step ? instance_of(*it.step) : instance_of(it.asked.remedy);
    const InstanceFacts* target = name != nullptr ? find_instance(it.facts, *name) : nullptr;
    return target != nullptr && target->runtime.is_answering && !is<Rollback>(it) && !feeds(it);
}

/// Two at least, and more than the limit's share, run and do not answer, however young they are.
[[nodiscard]] inline bool is_much_silent(const Question& it, Duration age_min = Duration::zero()) {
    const auto silent = std::ranges::count_if(it.facts.instances, [&](const auto& instance) {
        const bool had_time = instance.runtime.started_at <= it.facts.read_at - age_min;
        return instance.runtime.is_alive && !instance.runtime.is_answering &&
               (had_time || age_min == Duration::zero());
    });
    const auto all = static_cast<double>(it.facts.instances.size());
    return silent >= 2 && static_cast<double>(silent) > it.limits.freeze_above * all;
}

/// The only instance is to be restarted because it does not answer us, and to the edge it may be
/// one that serves.
[[nodiscard]] inline bool restarts_silent_only_one(const Question& it) {
    if (!it.facts.has_edge || it.facts.instances.size() != 1 ||
        !(is<Restart>(it) || is<RollingRestart>(it))) {
        return false;
    }
    const InstanceFacts& only = it.facts.instances.front();
    const bool is_idle = only.rotation == Rotation::draining && only.sessions_now == 0;
    return only.runtime.is_alive && !only.runtime.is_answering && !is_idle &&
           only.rotation != Rotation::down;
}

/// Since the incident opened four requests and one in twenty have failed, or had so once since
/// the silence began. A proxy that was started again counts from zero.
[[nodiscard]] inline bool has_edge_confirmed(const Question& it) {
    const EdgeCounters& edge = it.facts.edge;
    const bool is_new = edge.errors_total < it.asked.edge_errors_at_open ||
                        edge.requests_total < it.asked.edge_requests_at_open;
    const std::uint64_t errors = edge.errors_total - (is_new ? 0 : it.asked.edge_errors_at_open);
    const std::uint64_t requests =
        edge.requests_total - (is_new ? 0 : it.asked.edge_requests_at_open);
    const bool says_so = errors >= 4 && errors >= requests / 20;
    return it.facts.has_edge && (it.asked.silence.is_confirmed || says_so);
}

[[nodiscard]] inline const InstanceFacts* subject(const Question& it) {
    const Subject& about = it.asked.symptom.subject;
    return about.kind == SubjectKind::instance ? find_instance(it.facts, InstanceId(about.name))
                                               : nullptr;
}

/// Twice as slow as each of the others, and by 20 ms.
[[nodiscard]] inline bool is_slow_alone(const Question& it, const InstanceFacts& instance) {
    return it.facts.has_edge && it.facts.instances.size() > 1 &&
           std::ranges::all_of(it.facts.instances, [&](const InstanceFacts& other) {
               return other.runtime.instance == instance.runtime.instance ||
                      (instance.latency_ms >= 2 * other.latency_ms &&
                       instance.latency_ms >= other.latency_ms + 20);
           });
}

/// Only a source that is whole can prove it.
[[nodiscard]] inline bool is_seen_stale(const Question& it, const CacheId& name) {
    const CacheFacts* cache = find_cache(it.facts, name);
    return cache != nullptr && cache->is_answering && cache->is_source_answering &&
           cache->stale_count > 0;
}

/// By a look that began ten seconds ago at most.
[[nodiscard]] inline bool is_check_seen_failing(const Question& it, const TaskId& name) {
    const TaskFacts* task = find_task(it.facts, name);
    return task != nullptr && !task->is_well && task->checked_at <= it.at &&
           it.at - task->checked_at <= std::chrono::seconds{10};
}

[[nodiscard]] inline bool is_seen(const Question& it) {
    const bool is_silent = std::ranges::any_of(it.facts.instances, [](const auto& instance) {
        return !instance.runtime.is_alive || !instance.runtime.is_answering;
    });
    const InstanceFacts* one = subject(it);
    switch (it.asked.symptom.kind) {
        case SymptomKind::errors: {  // Counted since the incident opened; a new proxy's all.
            const std::uint64_t errors = it.facts.edge.errors_total;
            const bool has_some = errors > 0 && errors != it.asked.edge_errors_at_open;
            return it.facts.has_edge ? has_some : is_silent;
        }
        case SymptomKind::latency: {
            const bool is_late =
                it.facts.edge.latency_ms > it.asked.symptom.limit || it.facts.edge.queue_length > 0;
            return one != nullptr ? is_slow_alone(it, *one) || !one->runtime.is_answering
                                  : is_silent || (it.facts.has_edge && is_late);
        }
        case SymptomKind::instance_down:
            return one != nullptr && !one->runtime.is_alive && !one->runtime.is_coming;
        case SymptomKind::instance_not_answering:
            return one != nullptr && !one->runtime.is_answering;
        case SymptomKind::stale_cache:
            return is_seen_stale(it, CacheId(it.asked.symptom.subject.name));
        case SymptomKind::check_failing:
            return is_check_seen_failing(it, TaskId(it.asked.symptom.subject.name));
    }
    return false;
}

[[nodiscard]] inline bool is_source_whole(const Question& it, const CacheId& cache) {
    const RouteFacts* route = find_route(it.facts, cache);
    return route->answering_count > 0 && route->answering_count == route->servers_count;
}

/// Of a circuit: half of the neighbour's servers are away, or it is slow where that is the
/// symptom. Of a route: the source that is to take the reads is whole. Of an instance that is to be
/// ejected: users may come to it. Of a task: its check fails, whatever else it is for.
[[nodiscard]] inline bool is_cause_seen(const Question& it) {
    if (const auto* run = std::get_if<RunTask>(&it.asked.remedy)) {
        return is_check_seen_failing(it, run->of.task);
    }
    if (const auto* open = std::get_if<OpenCircuit>(&it.asked.remedy)) {
        const CircuitFacts* circuit = find_circuit(it.facts, open->neighbour);
        const bool is_away = circuit->answering_count == 0 ||
                             circuit->answering_count < circuit->servers_count / 2.0;
        return is_away || (it.asked.symptom.kind == SymptomKind::latency &&
                           circuit->latency_ms > it.asked.symptom.limit);
    }
    if (const auto* eject = std::get_if<Eject>(&it.asked.remedy)) {
        const Rotation rotation = find_instance(it.facts, eject->instance)->rotation;
        return rotation == Rotation::in || rotation == Rotation::unknown;
    }
    const auto* reroute = std::get_if<Reroute>(&it.asked.remedy);
    return reroute == nullptr || is_source_whole(it, reroute->cache);
}

}  // namespace homeostat::guard::for_test
