#include "homeostat/sim/referee/targets.hpp"

#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <variant>

namespace homeostat::sim {

namespace {

/// The targets that a reading tells of, as target_of names them.
struct TargetsOf {
    std::set<std::string>& unread;

    void see(Part part, const InstanceId& instance) const {
        unread.erase(fmt::format("{} {}", to_text(part), instance.text()));
    }
    Part operator()(const RuntimeFacts& facts) const {
        for (const RuntimeInstance& one : facts.instances) {
            see(Part::runtime, one.instance);
        }
        for (const Artifact artifact : artifacts_started) {
            if (!facts.versions[artifact].current.empty()) {
                unread.erase(fmt::format("version of {}", to_text(artifact)));
            }
        }
        return Part::runtime;
    }
    Part operator()(const EdgeFacts& facts) const {
        for (const EdgeInstance& one : facts.instances) {
            see(Part::edge, one.instance);
        }
        for (const CircuitFacts& one : facts.circuits) {
            unread.erase("circuit " + one.neighbour.text());
        }
        for (const RouteFacts& one : facts.routes) {
            unread.erase("route " + one.cache.text());
        }
        return Part::edge;
    }
    Part operator()(const CachesFacts& facts) const {
        for (const CacheFacts& one : facts.caches) {
            unread.erase("cache " + one.cache.text());
        }
        return Part::caches;
    }
    // The simulated world has none.
    Part operator()(const TasksFacts&) const { return Part::runtime; }
    Part operator()(const FlagFacts&) const { return Part::runtime; }
};

}  // namespace

Part part_of(const Step& step) {
    if (std::holds_alternative<Invalidate>(step)) {
        return Part::caches;
    }
    const bool is_of_edge =
        std::holds_alternative<Drain>(step) || std::holds_alternative<Undrain>(step) ||
        std::holds_alternative<SetCircuit>(step) || std::holds_alternative<SetRoute>(step);
    return is_of_edge ? Part::edge : Part::runtime;
}

std::string target_of(const Step& step) {
    if (const InstanceId* instance = instance_of(step)) {
        return fmt::format("{} {}", to_text(part_of(step)), instance->text());
    }
    if (const auto* swap = std::get_if<SwapVersion>(&step)) {
        return fmt::format("version of {}", to_text(swap->artifact));
    }
    if (const auto* circuit = std::get_if<SetCircuit>(&step)) {
        return "circuit " + circuit->neighbour.text();
    }
    if (const auto* route = std::get_if<SetRoute>(&step)) {
        return "route " + route->cache.text();
    }
    if (const auto* run = std::get_if<Run>(&step)) {
        return "task " + run->task.text();
    }
    if (const auto* rollout = std::get_if<SetPaused>(&step)) {
        return "rollout of " + rollout->service.text();
    }
    const auto* invalidate = std::get_if<Invalidate>(&step);
    return invalidate == nullptr ? "" : "cache " + invalidate->cache.text();
}

Part see_targets(const FactsPart& part, std::set<std::string>& unread) {
    return std::visit(TargetsOf{unread}, part);
}

}  // namespace homeostat::sim
