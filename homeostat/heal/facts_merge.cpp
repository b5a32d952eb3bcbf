#include "homeostat/heal/facts_merge.hpp"

#include <algorithm>
#include <iterator>

namespace homeostat::heal {

namespace {

const RuntimeInstance* find(const RuntimeFacts& part, const InstanceId& instance) {
    const auto found = std::ranges::find(part.instances, instance, &RuntimeInstance::instance);
    return found == part.instances.end() ? nullptr : &*found;
}

const EdgeInstance* find(const EdgeFacts& part, const InstanceId& instance) {
    const auto found = std::ranges::find(part.instances, instance, &EdgeInstance::instance);
    return found == part.instances.end() ? nullptr : &*found;
}

void add(Facts& facts, const RuntimeFacts& part) {
    for (const Artifact artifact : artifacts_started) {
        facts.versions[artifact] = part.versions[artifact];
    }
    facts.is_orchestrated = part.is_orchestrated;
    facts.rollout = part.rollout;
    for (InstanceFacts& instance : facts.instances) {
        const RuntimeInstance* seen = find(part, instance.runtime.instance);
        facts.is_complete = facts.is_complete && seen != nullptr;
        if (seen != nullptr) {
            instance.runtime = *seen;
        }
    }
}

void add(Facts& facts, const EdgeFacts& part) {
    facts.edge = part.counters;
    facts.circuits = part.circuits;
    facts.routes = part.routes;
    for (InstanceFacts& instance : facts.instances) {
        const EdgeInstance* seen = find(part, instance.runtime.instance);
        facts.is_complete =
            facts.is_complete && seen != nullptr && seen->rotation != Rotation::unknown;
        if (seen != nullptr) {
            instance.rotation = seen->rotation;
            instance.sessions_now = seen->sessions_now;
            instance.latency_ms = seen->latency_ms;
            instance.rotation_since = seen->rotation_since;
        }
    }
}

void add(Facts& facts, const CachesFacts& part) {
    facts.caches = part.caches;
}

void add(Facts& facts, const TasksFacts& part) {
    facts.tasks.insert(facts.tasks.end(), part.tasks.begin(), part.tasks.end());
}

void add(Facts& facts, const FlagFacts& part) {
    facts.versions.flag = part.versions;
}

}  // namespace

Facts merge_facts(const Inventory& inventory,
                  const std::vector<Result<FactsPart>>& parts,
                  Instant read_at) {
    Facts facts;
    facts.service = inventory.service;
    facts.has_edge = inventory.has_edge;
    facts.read_at = read_at;
    for (const InstanceId& instance : inventory.instances) {
        facts.instances.emplace_back().runtime.instance = instance;
    }
    bool has_runtime = false;
    bool has_edge = false;
    facts.is_complete = true;
    for (const Result<FactsPart>& part : parts) {
        if (!part) {
            facts.is_complete = false;
            continue;
        }
        has_runtime = has_runtime || std::holds_alternative<RuntimeFacts>(*part);
        has_edge = has_edge || std::holds_alternative<EdgeFacts>(*part);
        std::visit([&](const auto& known) { add(facts, known); }, *part);
    }
    const auto is_unwanted = [](const InstanceFacts& one) { return !one.runtime.is_wanted; };
    std::ranges::copy_if(facts.instances, std::back_inserter(facts.spares), is_unwanted);
    std::erase_if(facts.instances, is_unwanted);
    facts.is_complete = facts.is_complete && has_runtime && has_edge == inventory.has_edge;
    return facts;
}

std::vector<Subject> subjects_of(const Symptom& symptom, const Remedy& remedy) {
    std::vector<Subject> subjects{symptom.subject};
    if (const DeclaredTask* task = task_of(remedy)) {
        subjects.push_back({SubjectKind::task, task->task.text()});
    }
    return subjects;
}

}  // namespace homeostat::heal
