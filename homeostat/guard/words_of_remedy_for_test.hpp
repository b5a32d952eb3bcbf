#pragma once

// What the rules in words (rules_in_words_test.cpp) ask of a remedy.
//
// Pure. For tests only.

#include "homeostat/guard/past_for_test.hpp"
#include "homeostat/guard/question_for_test.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace homeostat::guard::for_test {

template <class... Cases>
struct Match : Cases... {
    using Cases::operator()...;
};

template <class T>
[[nodiscard]] bool is(const Question& it) {
    return std::holds_alternative<T>(it.asked.remedy);
}

/// Its first effect is announced, and it is neither proven nor given up.
[[nodiscard]] inline bool is_in_hand(const Question& it) {
    const Event* latest = Past(it.story).in_hand(it.asked.incident);
    return latest != nullptr && latest->remedy == it.asked.remedy &&
           latest->is_undo == it.asked.is_undo;
}

[[nodiscard]] inline bool is_reflex_for(const Question& it) {
    const Symptom& symptom = it.asked.symptom;
    const InstanceId target(symptom.subject.name);
    const bool is_of_one = symptom.subject.kind == SubjectKind::instance;
    const bool starts =
        symptom.kind == SymptomKind::instance_down && it.asked.remedy == Remedy{Restart{target}};
    const bool ejects =
        symptom.kind == SymptomKind::latency && it.asked.remedy == Remedy{Eject{target}};
    return is_of_one && (starts || ejects);
}

[[nodiscard]] inline bool takes_back_its_own(const Question& it) {
    const auto inverts = [&](const std::optional<Remedy>& done) {
        return done && inverse_of(*done) == it.asked.remedy;
    };
    return is_in_hand(it) || inverts(Past(it.story).done_last(it.asked.incident)) ||
           inverts(Past(it.story).held(it.asked.incident));
}

/// It is one of the group, and no other one is what the symptom is about. What is taken back need
/// not be.
[[nodiscard]] inline bool is_blamed(const Question& it, const InstanceId& instance) {
    const Subject& about = it.asked.symptom.subject;
    return find_instance(it.facts, instance) != nullptr &&
           (it.asked.is_undo || about.kind != SubjectKind::instance ||
            about.name == instance.text());
}

[[nodiscard]] inline bool is_called_stale(const Question& it, const CacheId& cache) {
    const Symptom& symptom = it.asked.symptom;
    return symptom.kind == SymptomKind::stale_cache && symptom.subject.name == cache.text() &&
           find_cache(it.facts, cache) != nullptr;
}

/// From as many as there are (once begun: or were) to as many as there can be.
[[nodiscard]] inline bool is_possible(const Question& it, const Scale& scale) {
    const std::size_t count = it.facts.instances.size();
    std::size_t there_can_be = count;
    for (const InstanceFacts& nobody : it.facts.spares) {
        there_can_be += nobody.runtime.is_spare ? 1 : 0;
    }
    return scale.service == it.facts.service && scale.to != scale.from &&
           (scale.to > scale.from || it.asked.is_undo) && scale.to <= there_can_be &&
           (scale.from == count || is_in_hand(it) || it.asked.is_undo);
}

/// From the current version (once swapped: to it) to one that is there and has proven itself.
/// What an undo returns to ran before.
[[nodiscard]] inline bool is_possible(const Question& it, const Rollback& swap) {
    const VersionFacts& versions = it.facts.versions[swap.artifact];
    const auto is_among = [&](const std::vector<VersionId>& some) {
        return std::ranges::find(some, swap.to) != some.end();
    };
    const bool is_current = versions.is_in_force(swap.from, swap.to) ||
                            (is_in_hand(it) && versions.is_in_force(swap.to, swap.from));
    return swap.service == it.facts.service && !swap.from.empty() && !swap.to.empty() &&
           swap.from != swap.to && is_current && is_among(versions.present) &&
           (it.asked.is_undo || is_among(versions.good));
}

/// More for one that was ended for reaching what it had, up to what may be asked for; less only as
/// what is taken back, while the more is what is wanted for it.
[[nodiscard]] inline bool is_possible(const Question& it, const Resize& resize) {
    const InstanceFacts* target = find_instance(it.facts, resize.instance);
    const bool undoes = it.asked.is_undo;
    if (target == nullptr || !is_blamed(it, resize.instance) || !target->runtime.memory) {
        return false;
    }
    const MemoryFacts& has = *target->runtime.memory;
    const bool is_more = resize.to_bytes > resize.from_bytes;
    const bool is_begun = undoes || is_in_hand(it);
    return is_more ? resize.to_bytes <= has.limit_bytes_max &&
                         (is_begun || (has.was_killed && has.limit_bytes == resize.from_bytes))
                   : undoes && resize.to_bytes != resize.from_bytes &&
                         (is_in_hand(it) || has.limit_bytes == resize.from_bytes);
}

/// Old ones that serve: so many as have to, and one in any case.
[[nodiscard]] inline bool are_old_enough(const Question& it, const VersionId& version) {
    std::size_t old = 0;
    for (const InstanceFacts& each : it.facts.instances) {
        const RuntimeInstance& runtime = each.runtime;
        const bool is_reached = !it.facts.has_edge || each.rotation == Rotation::in;
        old += runtime.version != version && runtime.is_alive && runtime.is_answering && is_reached
                   ? 1
                   : 0;
    }
    return old >= 1 && old >= it.limits.min_healthy;
}

/// The version is being rolled out, nobody has paused that, and the symptom is about none of those
/// that live and are old. Once begun it goes on.
[[nodiscard]] inline bool is_to_stand(const Question& it, const PauseRollout& pause) {
    if (pause.service != it.facts.service || pause.version.empty() || !it.facts.rollout ||
        it.facts.versions.deploy.current != pause.version) {
        return false;
    }
    const Subject& about = it.asked.symptom.subject;
    const InstanceFacts* blamed = about.kind == SubjectKind::instance
                                      ? find_instance(it.facts, InstanceId(about.name))
                                      : nullptr;
    const bool is_old =
        blamed != nullptr && blamed->runtime.is_alive && blamed->runtime.version != pause.version;
    return is_in_hand(it) ||
           (it.facts.rollout->is_under_way && !it.facts.rollout->is_paused && !is_old);
}

/// All that run it live and answer, and there are some.
[[nodiscard]] inline bool are_new_well(const Question& it, const VersionId& version) {
    std::size_t count = 0;
    std::size_t well = 0;
    for (const InstanceFacts& each : it.facts.instances) {
        const bool is_new = each.runtime.version == version;
        count += is_new ? 1 : 0;
        well += is_new && each.runtime.is_alive && each.runtime.is_answering ? 1 : 0;
    }
    return count > 0 && well == count;
}

/// Its check fails, says the symptom, or it is one of those that the task is declared for. What has
/// ended is no task's.
[[nodiscard]] inline bool is_mended_by(const Question& it, const DeclaredTask& task) {
    const Symptom& symptom = it.asked.symptom;
    const bool is_listed = std::ranges::count(task.also_for, symptom.kind) > 0 &&
                           symptom.kind != SymptomKind::instance_down &&
                           symptom.kind != SymptomKind::check_failing;
    return is_listed ||
           (symptom.kind == SymptomKind::check_failing && symptom.subject.name == task.task.text());
}

/// Just so, to the last flag.
[[nodiscard]] inline bool is_declared(const Question& it, const DeclaredTask& task) {
    const TaskFacts* known = find_task(it.facts, task.task);
    return known != nullptr && known->of == task;
}

/// All that keeps it from being done is that nobody hears its check.
[[nodiscard]] inline bool is_only_silent(const Question& it) {
    const DeclaredTask* task = task_of(it.asked.remedy);
    return task != nullptr && find_task(it.facts, task->task) == nullptr &&
           (is<TakeBackTask>(it) ? it.asked.is_undo : is_mended_by(it, *task));
}

/// Nothing of it is left to go on, or all that it has brought are well.
[[nodiscard]] inline bool may_go_on(const Question& it, const VersionId& version) {
    return it.facts.versions.deploy.current != version || are_new_well(it, version);
}

/// All that keeps it from being done is who answers just now: of the old ones too few, or not all
/// of the new ones.
[[nodiscard]] inline bool is_only_short(const Question& it) {
    const auto* pause = std::get_if<PauseRollout>(&it.asked.remedy);
    const auto* resume = std::get_if<ResumeRollout>(&it.asked.remedy);
    if (pause != nullptr) {
        return is_to_stand(it, *pause) && !is_in_hand(it) && !are_old_enough(it, pause->version);
    }
    return resume != nullptr && it.asked.is_undo && resume->service == it.facts.service &&
           !may_go_on(it, resume->version);
}

/// The catalogue: each remedy with what it is for and what it needs.
[[nodiscard]] inline bool is_offered(const Question& it) {
    const bool undoes = it.asked.is_undo;
    const bool has_edge = it.facts.has_edge;
    const bool is_of_all = it.asked.symptom.subject.kind == SubjectKind::service;
    const auto has_circuit = [&](const ServiceId& neighbour) {
        return has_edge && find_circuit(it.facts, neighbour) != nullptr;
    };
    const auto has_route = [&](const CacheId& cache) {
        return has_edge && find_route(it.facts, cache) != nullptr;
    };
    return std::visit(
        Match{
            [&](const Observe&) { return true; },
            [&](const Eject& one) { return has_edge && is_blamed(it, one.instance); },
            [&](const Readmit& one) { return undoes && is_blamed(it, one.instance); },
            [&](const OpenCircuit& one) { return is_of_all && has_circuit(one.neighbour); },
            [&](const CloseCircuit& one) { return undoes && has_circuit(one.neighbour); },
            [&](const InvalidateCache& one) { return is_called_stale(it, one.cache); },
            [&](const Reroute& one) {
                return is_called_stale(it, one.cache) && has_route(one.cache);
            },
            [&](const RouteBack& one) { return undoes && has_route(one.cache); },
            [&](const Restart& one) { return is_blamed(it, one.instance); },
            [&](const RollingRestart& one) { return one.service == it.facts.service; },
            [&](const Scale& one) { return is_possible(it, one); },
            [&](const Rollback& one) { return is_possible(it, one); },
            [&](const RunTask& one) { return is_mended_by(it, one.of) && is_declared(it, one.of); },
            [&](const Resize& one) { return is_possible(it, one); },
            [&](const PauseRollout& one) { return is_to_stand(it, one); },
            [&](const ResumeRollout& one) {
                return undoes && one.service == it.facts.service && may_go_on(it, one.version);
            },
            [&](const TakeBackTask& one) { return undoes && is_declared(it, one.of); }},
        it.asked.remedy);
}

/// What a person has set it to. A plan of two remedies has the lower permission; a task has one of
/// its own, and one that is destructive is asked about at least.
[[nodiscard]] inline Autonomy level_of(const Question& it) {
    if (const DeclaredTask* task = task_of(it.asked.remedy)) {
        const auto set = it.limits.tasks.find(task->task);
        const Autonomy level = set == it.limits.tasks.end() ? Autonomy::watch : set->second;
        return task->is_destructive && level == Autonomy::act ? Autonomy::ask : level;
    }
    const Autonomy level = it.limits.autonomy_of(kind_of(it.asked.remedy));
    return kind_of(it.asked.remedy) == RemedyKind::reroute  // It empties the cache as well.
               ? std::min(level, it.limits.autonomy_of(RemedyKind::invalidate_cache))
               : level;
}

/// One of the kind did not help, or one helped too often at this target against this kind of
/// symptom, and nobody has promoted the kind since. Each task is a kind of its own.
[[nodiscard]] inline bool is_demoted(const Question& it,
                                     RemedyKind kind,
                                     const DeclaredTask* task = nullptr) {
    bool is_so = false;
    for (const Event& event : it.story) {
        const DeclaredTask* other = task_of(event.remedy);
        const bool is_same = task == nullptr || (other != nullptr && other->task == task->task);
        if (kind_of(event.remedy) != kind || !is_same) {
            continue;
        }
        const bool is_of_this =
            !event.relapse || (event.relapse->target == target_of(it.asked.remedy) &&
                               event.relapse->symptom == it.asked.symptom.kind);
        is_so = event.kind == EntryKind::promoted
                    ? false
                    : is_so || (event.kind == EntryKind::demoted && is_of_this);
    }
    return is_so && it.limits.demotes;
}

}  // namespace homeostat::guard::for_test
