// The rules about the world as it is: the kill switch, the facts, the symptom.

#include "homeostat/base/fields.hpp"
#include "homeostat/guard/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::guard {

namespace {

const InstanceId* named_twice(const Facts& facts) {
    for (const InstanceFacts& instance : facts.instances) {
        const InstanceId& name = instance.runtime.instance;
        const auto count = std::ranges::count_if(facts.instances, [&](const InstanceFacts& other) {
            return other.runtime.instance == name;
        });
        if (count > 1) {
            return &name;
        }
    }
    return nullptr;
}

bool is_some_instance_silent(const Facts& facts) {
    return !std::ranges::all_of(facts.instances, [](const InstanceFacts& instance) {
        return instance.runtime.is_alive && instance.runtime.is_answering;
    });
}

// A proxy that was started again counts from zero; what it counted since is new in any case.
bool have_errors_risen(const Matter& matter) {
    const std::uint64_t now = matter.facts.edge.errors_total;
    const std::uint64_t before = matter.asked.edge_errors_at_open;
    return now > before || (now < before && now > 0);
}

// Without an edge the runtime is our only observer: it sees whether instances answer.
bool is_errors_seen(const Matter& matter) {
    return matter.facts.has_edge ? have_errors_risen(matter)
                                 : is_some_instance_silent(matter.facts);
}

const InstanceFacts* subject_instance(const Matter& matter) {
    const Subject& subject = matter.asked.symptom.subject;
    return subject.kind == SubjectKind::instance
               ? find_instance(matter.facts, InstanceId(subject.name))
               : nullptr;
}

// Slow against the slowest of the others, so that what slows all of them is nobody's own fault.
bool is_slow_among(const Facts& facts, const InstanceFacts& instance) {
    constexpr double factor = 2;
    constexpr double gain_ms_min = 20;
    double others_ms = 0;
    for (const InstanceFacts& other : facts.instances) {
        if (other.runtime.instance != instance.runtime.instance) {
            others_ms = std::max(others_ms, other.latency_ms);
        }
    }
    return facts.has_edge && facts.instances.size() > 1 &&
           instance.latency_ms >= std::max(others_ms * factor, others_ms + gain_ms_min);
}

// The limit is the agent's word, the measure is ours. A queue at the edge is slowness before any
// mean shows it, and so is an instance that no longer answers.
bool is_latency_seen(const Matter& matter) {
    if (const InstanceFacts* instance = subject_instance(matter)) {
        return is_slow_among(matter.facts, *instance) || !instance->runtime.is_answering;
    }
    const bool is_slow =
        matter.facts.has_edge && (matter.facts.edge.latency_ms > matter.asked.symptom.limit ||
                                  matter.facts.edge.queue_length > 0);
    return is_slow || is_some_instance_silent(matter.facts);
}

// The neighbour itself must be in trouble, or its circuit would hide a fault of our own. While the
// circuit is open the mean stands still and says nothing.
bool is_in_trouble(const Matter& matter, const CircuitFacts& circuit) {
    const bool is_slow = matter.asked.symptom.kind == SymptomKind::latency &&
                         circuit.latency_ms > matter.asked.symptom.limit;
    return !circuit.is_answering() || is_slow;
}

/// One look of our own; that it lasts is for the agent to say. A source that does not answer, or
/// that is not whole, can prove nothing and could not take the reads.
bool is_stale_seen(const Matter& matter) {
    const CacheFacts* cache = find_cache(matter.facts, CacheId(matter.asked.symptom.subject.name));
    return cache != nullptr && cache->is_answering && cache->is_source_answering &&
           cache->stale_count > 0;
}

/// A look that was made long ago shows another world.
bool is_check_failing(const Matter& matter, const TaskId& name) {
    const TaskFacts* task = find_task(matter.facts, name);
    return task != nullptr && !task->is_well && task->checked_at <= matter.now &&
           task->checked_at >= matter.now - check_age_max;
}

/// Whatever else a task is declared for: by its check alone it is known to be needed, and what
/// became of it.
bool is_task_needed(const Matter& matter) {
    const auto* run = std::get_if<RunTask>(&matter.asked.remedy);
    return run == nullptr || is_check_failing(matter, run->of.task);
}

bool is_source_well(const Matter& matter) {
    const auto* reroute = std::get_if<Reroute>(&matter.asked.remedy);
    if (reroute == nullptr) {
        return true;
    }
    const RouteFacts* route = find_route(matter.facts, reroute->cache);
    return route != nullptr && route->is_source_answering();
}

bool is_cause_seen(const Matter& matter) {
    const auto* open = std::get_if<OpenCircuit>(&matter.asked.remedy);
    if (open == nullptr) {
        return true;
    }
    const CircuitFacts* circuit = find_circuit(matter.facts, open->neighbour);
    return circuit != nullptr && is_in_trouble(matter, *circuit);
}

/// Nobody uses it, so there is nobody to keep from it; what it measures is of long ago.
bool is_out_already(const Matter& matter) {
    const auto* eject = std::get_if<Eject>(&matter.asked.remedy);
    const InstanceFacts* target =
        eject != nullptr ? find_instance(matter.facts, eject->instance) : nullptr;
    return target != nullptr &&
           (target->rotation == Rotation::draining || target->rotation == Rotation::down);
}

bool is_known_subject(const Matter& matter) {
    const Subject& subject = matter.asked.symptom.subject;
    const bool is_our_service =
        subject.kind == SubjectKind::service && subject.name == matter.facts.service.text();
    const bool is_our_cache = subject.kind == SubjectKind::cache &&
                              find_cache(matter.facts, CacheId(subject.name)) != nullptr;
    const bool is_our_task = subject.kind == SubjectKind::task &&
                             find_task(matter.facts, TaskId(subject.name)) != nullptr;
    return is_our_service || is_our_cache || is_our_task || subject_instance(matter) != nullptr;
}

bool is_seen(const Matter& matter) {
    const InstanceFacts* instance = subject_instance(matter);
    switch (matter.asked.symptom.kind) {
        case SymptomKind::errors:
            return is_errors_seen(matter);
        case SymptomKind::latency:
            return is_latency_seen(matter);
        case SymptomKind::instance_down:
            return instance != nullptr && !instance->runtime.is_alive &&
                   !instance->runtime.is_coming;
        case SymptomKind::instance_not_answering:
            return instance != nullptr && !instance->runtime.is_answering;
        case SymptomKind::stale_cache:
            return is_stale_seen(matter);
        case SymptomKind::check_failing:
            return is_check_failing(matter, TaskId(matter.asked.symptom.subject.name));
    }
    return false;
}

}  // namespace

namespace rule {

// The switch alone: what the ledger says of it may be older, and may have found no room.
std::optional<Objection> kill_switch(const Matter& matter) {
    if (matter.facts.is_suspended) {
        const std::string& why = matter.facts.suspended_because;
        return passing("Homeostat is suspended" + (why.empty() ? "" : ": " + why), matter);
    }
    return std::nullopt;
}

std::optional<Objection> facts(const Matter& matter) {
    const Facts& facts = matter.facts;
    if (!facts.is_complete) {
        return passing("a part of the world did not answer", matter);
    }
    if (facts.read_at > matter.now || facts.read_at < matter.now - facts_age_max) {
        return passing("the facts were not read just now", matter);
    }
    if (const InstanceId* name = named_twice(facts)) {
        return Objection{.because = fmt::format("the facts name {} twice", name->text())};
    }
    return std::nullopt;
}

std::optional<Objection> symptom(const Matter& matter) {
    if (is_in_hand(matter) || matter.asked.is_undo) {
        return std::nullopt;  // To take it back needs no reason any more.
    }
    const Symptom& symptom = matter.asked.symptom;
    if (!is_known_subject(matter)) {
        return Objection{.because = "the symptom is about something that we do not guard"};
    }
    if (!matter.asked.is_contained && !is_seen(matter)) {
        return passing(fmt::format("the proposal says {} of {}; our own facts do not",
                                   to_text(symptom.kind), symptom.subject.name),
                       matter);
    }
    if (!is_cause_seen(matter)) {
        return passing("the proposal blames a neighbour; our own facts do not", matter);
    }
    if (!is_task_needed(matter)) {
        return passing("the check of what it runs finds nothing to do", matter);
    }
    if (is_out_already(matter)) {
        return passing(symptom.subject.name + " is out of rotation already", matter);
    }
    if (!is_source_well(matter)) {
        return passing("the source that is to take the reads is not well itself", matter);
    }
    return std::nullopt;
}

}  // namespace rule
}  // namespace homeostat::guard
