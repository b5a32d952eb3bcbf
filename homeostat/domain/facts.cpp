#include "homeostat/domain/facts.hpp"

#include <algorithm>

namespace homeostat {

namespace {

const InstanceFacts* find(const std::vector<InstanceFacts>& all, const InstanceId& instance) {
    const auto found = std::ranges::find_if(all, [&](const InstanceFacts& candidate) {
        return candidate.runtime.instance == instance;
    });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

const InstanceFacts* find_instance(const Facts& facts, const InstanceId& instance) {
    return find(facts.instances, instance);
}

const InstanceFacts* find_spare(const Facts& facts, const InstanceId& instance) {
    return find(facts.spares, instance);
}

const CircuitFacts* find_circuit(const Facts& facts, const ServiceId& neighbour) {
    const auto found = std::ranges::find(facts.circuits, neighbour, &CircuitFacts::neighbour);
    return found == facts.circuits.end() ? nullptr : &*found;
}

const RouteFacts* find_route(const Facts& facts, const CacheId& cache) {
    const auto found = std::ranges::find(facts.routes, cache, &RouteFacts::cache);
    return found == facts.routes.end() ? nullptr : &*found;
}

const CacheFacts* find_cache(const Facts& facts, const CacheId& cache) {
    const auto found = std::ranges::find(facts.caches, cache, &CacheFacts::cache);
    return found == facts.caches.end() ? nullptr : &*found;
}

const TaskFacts* find_task(const Facts& facts, const TaskId& task) {
    const auto found = std::ranges::find_if(
        facts.tasks, [&](const TaskFacts& candidate) { return candidate.of.task == task; });
    return found == facts.tasks.end() ? nullptr : &*found;
}

std::uint32_t serving_count(const Facts& facts) {
    const auto count = std::ranges::count_if(facts.instances, [&](const InstanceFacts& instance) {
        return instance.is_serving(facts.has_edge);
    });
    return static_cast<std::uint32_t>(count);
}

}  // namespace homeostat
