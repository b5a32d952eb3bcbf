// The rules about room: how many instances must go on serving, how many effects may still happen.

#include "homeostat/guard/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace homeostat::guard {

namespace {

bool is_out(const InstanceFacts& instance, bool has_edge) {
    return has_edge &&
           (instance.rotation == Rotation::draining || instance.rotation == Rotation::down);
}

/// An edge that says nothing of an instance may well send it requests: unknown is not "out".
bool answers_users(const InstanceFacts& instance, bool has_edge) {
    return instance.runtime.is_alive && instance.runtime.is_answering &&
           !is_out(instance, has_edge);
}

/// Whether taking the instance away may cost users something. That it does not answer us is no
/// sign while much of the group does not: then it is lost only if the edge has it out, too.
bool may_serve(const InstanceFacts& instance, const Matter& matter) {
    const bool is_edge_asked = matter.facts.has_edge && is_much_silent(matter.facts, matter.limits);
    return is_edge_asked ? instance.runtime.is_alive && !is_out(instance, true)
                         : answers_users(instance, matter.facts.has_edge);
}

/// The spares at work that a scale would stop, the last first.
std::vector<const InstanceFacts*> instances_to_stop(const Facts& facts, const Scale& remedy) {
    std::vector<const InstanceFacts*> found;
    const auto& instances = facts.instances;
    for (auto at = instances.rbegin(); at != instances.rend(); ++at) {
        if (at->runtime.is_spare && instances.size() - found.size() > remedy.to) {
            found.push_back(&*at);
        }
    }
    return found;
}

/// The instances that the remedy would take out of service, as the facts stand now.
std::vector<const InstanceFacts*> instances_to_take(const Matter& matter) {
    if (const auto* scale = std::get_if<Scale>(&matter.asked.remedy)) {
        return instances_to_stop(matter.facts, *scale);
    }
    if (!removes_capacity(matter.asked.remedy)) {
        return {};
    }
    const InstanceId* named = instance_of(matter.asked.remedy);
    const auto* rollback = std::get_if<Rollback>(&matter.asked.remedy);
    std::vector<const InstanceFacts*> found;
    for (const InstanceFacts& instance : matter.facts.instances) {
        const RuntimeInstance& runtime = instance.runtime;
        const bool is_named = named == nullptr || *named == runtime.instance;
        const bool is_there_already = rollback != nullptr && runtime.is_alive &&
                                      runtime.version_of(rollback->artifact) == rollback->to;
        if (is_named && !is_there_already) {
            found.push_back(&instance);
        }
    }
    return found;
}

/// Serving instances that surely remain if `without` does not serve.
std::uint32_t serving_without(const Facts& facts, const InstanceId& without) {
    const auto count = std::ranges::count_if(facts.instances, [&](const InstanceFacts& instance) {
        return instance.runtime.instance != without && instance.is_serving(facts.has_edge);
    });
    return static_cast<std::uint32_t>(count);
}

std::string too_few(std::uint32_t remaining, const Matter& matter) {
    return fmt::format("{} of {} instances would serve, at least {} have to", remaining,
                       matter.facts.instances.size(), matter.limits.min_healthy);
}

/// What does not serve it brings back first. What a scale stops stays away, and what a task does
/// to an instance nobody knows.
bool restores(const Remedy& remedy) {
    return !std::holds_alternative<Scale>(remedy) && task_of(remedy) == nullptr;
}

/// Could the first step that takes a serving instance out ever be allowed? Instances that do not
/// serve are replaced first and cost nothing; they serve by then, at best.
std::optional<Objection> floor_for_remedy(const Matter& matter) {
    const std::vector<const InstanceFacts*> targets = instances_to_take(matter);
    std::optional<std::uint32_t> remaining_best;
    std::uint32_t restored = 0;
    for (const InstanceFacts* target : targets) {
        if (may_serve(*target, matter)) {
            const std::uint32_t remaining = serving_without(matter.facts, target->runtime.instance);
            remaining_best = std::max(remaining_best.value_or(0), remaining);
        } else if (restores(matter.asked.remedy)) {
            restored += 1;
        }
    }
    if (!remaining_best) {
        return std::nullopt;
    }
    const std::uint32_t remaining = *remaining_best + restored;
    if (remaining >= matter.limits.min_healthy) {
        return std::nullopt;
    }
    // A whole group may come to serve; one that is too small for its floor never will.
    const bool is_too_small = matter.facts.instances.size() <= matter.limits.min_healthy;
    return is_too_small ? Objection{.because = too_few(remaining, matter)}
                        : passing(too_few(remaining, matter), matter);
}

std::optional<Objection> floor_for_step(const Matter& matter) {
    const bool takes_out = std::holds_alternative<Drain>(*matter.step) ||
                           std::holds_alternative<Replace>(*matter.step) ||
                           std::holds_alternative<Stop>(*matter.step);
    const InstanceId* instance = instance_of(*matter.step);
    if (!takes_out || instance == nullptr) {
        return std::nullopt;
    }
    const InstanceFacts* target = find_instance(matter.facts, *instance);
    if (target == nullptr) {
        return find_spare(matter.facts, *instance) != nullptr
                   ? std::nullopt  // Nobody is served by a spare.
                   : std::optional<Objection>{{.because = "there is no such instance"}};
    }
    const std::uint32_t remaining = serving_without(matter.facts, *instance);
    const bool costs = may_serve(*target, matter);
    if (!costs || remaining >= matter.limits.min_healthy) {
        return std::nullopt;
    }
    return passing(too_few(remaining, matter), matter);
}

/// Effects that a replacement takes: drain, replace, undrain at most. Who is orchestrated is taken
/// out of rotation, and put back, by whoever does that.
std::uint32_t effects_for(const InstanceFacts& instance, const Facts& facts) {
    constexpr std::uint32_t with_drain = 3;
    const bool is_drained = instance.rotation == Rotation::draining;
    const bool drains =
        facts.has_edge && !facts.is_orchestrated && answers_users(instance, facts.has_edge);
    return drains ? with_drain : 1U + (is_drained ? 1U : 0U);
}

constexpr std::uint32_t reroute_effects = 3;  ///< There, the keys dropped, and back.

/// What only gives back needs no room: a budget is there to bound what is taken away, and whoever
/// could not give back would leave it taken.
bool only_gives_back(const Matter& matter) {
    if (matter.step == nullptr) {
        const RemedyKind kind = kind_of(matter.asked.remedy);
        return kind == RemedyKind::readmit || kind == RemedyKind::close_circuit ||
               kind == RemedyKind::route_back || kind == RemedyKind::resume_rollout;
    }
    const auto* circuit = std::get_if<SetCircuit>(matter.step);
    const auto* route = std::get_if<SetRoute>(matter.step);
    const auto* rollout = std::get_if<SetPaused>(matter.step);
    return std::holds_alternative<Undrain>(*matter.step) ||
           (circuit != nullptr && !circuit->is_open) ||
           (route != nullptr && !route->is_to_source) ||
           (rollout != nullptr && !rollout->is_paused);
}

/// With its being taken back.
std::uint32_t effects_of_task(const Remedy& remedy) {
    return inverse_of(remedy) ? 2 : 1;
}

bool is_rolled_out_by_others(const Matter& matter) {
    const auto* rollback = std::get_if<Rollback>(&matter.asked.remedy);
    return rollback != nullptr && rollback->artifact == Artifact::deploy &&
           matter.facts.is_orchestrated;
}

/// Effects that must fit before this one may happen. A drain without room for its undrain would
/// leave the instance out, as an open circuit would keep the fallback in force, or a route the load
/// on the source; a remedy without
/// room for all of it would leave two versions running.
struct EffectsNeeded {
    const Matter& matter;

    std::uint32_t operator()(const SwapVersion&) const { return 1; }
    std::uint32_t operator()(const Undrain&) const { return 1; }
    std::uint32_t operator()(const Stop&) const { return 1; }
    std::uint32_t operator()(const SetMemory& step) const {
        return step.to_bytes > step.from_bytes ? 2 : 1;
    }
    std::uint32_t operator()(const Drain&) const { return 3; }
    std::uint32_t operator()(const SetCircuit& step) const { return step.is_open ? 2 : 1; }
    std::uint32_t operator()(const SetRoute& step) const {
        return step.is_to_source ? reroute_effects : 1;
    }
    std::uint32_t operator()(const Invalidate&) const {
        return std::holds_alternative<Reroute>(matter.asked.remedy) ? reroute_effects - 1 : 1;
    }
    std::uint32_t operator()(const SetPaused& step) const { return step.is_paused ? 2 : 1; }
    std::uint32_t operator()(const Run& step) const {
        return step.is_inverse ? 1 : effects_of_task(matter.asked.remedy);
    }
    std::uint32_t operator()(const Replace& step) const {
        const InstanceFacts* target = find_instance(matter.facts, step.instance);
        const bool is_drained = target != nullptr && target->rotation == Rotation::draining;
        // What is only hastened leaves room for taking the rollback back.
        return is_drained || is_rolled_out_by_others(matter) ? 2 : 1;
    }
};

constexpr std::uint32_t scale_effects_each = 2;  ///< Start it, and put it back into rotation.

std::uint32_t effects_needed(const Matter& matter) {
    if (matter.step != nullptr) {
        return std::visit(EffectsNeeded{matter}, *matter.step);
    }
    if (std::holds_alternative<OpenCircuit>(matter.asked.remedy) ||
        std::holds_alternative<PauseRollout>(matter.asked.remedy)) {
        return 2;  // And its end.
    }
    if (const auto* resize = std::get_if<Resize>(&matter.asked.remedy)) {
        return resize->to_bytes > resize->from_bytes ? 2 : 1;  // And its being taken back.
    }
    if (std::holds_alternative<Reroute>(matter.asked.remedy)) {
        return reroute_effects;
    }
    if (task_of(matter.asked.remedy) != nullptr) {
        return effects_of_task(matter.asked.remedy);
    }
    if (is_rolled_out_by_others(matter)) {
        return 1;  // The rest is not ours to do.
    }
    const auto* rollback = std::get_if<Rollback>(&matter.asked.remedy);
    std::uint32_t needed = rollback != nullptr ? 1 : 0;
    if (const auto* scale = std::get_if<Scale>(&matter.asked.remedy)) {
        needed += scale_effects_each * (scale->to > scale->from ? scale->to - scale->from : 0);
    }
    for (const InstanceFacts* instance : instances_to_take(matter)) {
        needed += effects_for(*instance, matter.facts);
    }
    return std::max(needed, 1U);
}

}  // namespace

namespace rule {

std::optional<Objection> capacity_floor(const Matter& matter) {
    const bool is_of_all = matter.step == nullptr || std::holds_alternative<Run>(*matter.step);
    return is_of_all ? floor_for_remedy(matter) : floor_for_step(matter);
}

std::optional<Objection> budget(const Matter& matter) {
    const std::size_t allowed =
        std::min<std::size_t>(matter.limits.effects_max, History::effects_max);
    if (only_gives_back(matter)) {
        return std::nullopt;
    }
    const std::size_t needed = effects_needed(matter);
    const std::vector<Instant> spent =
        matter.history.effects_since(matter.now - matter.limits.effects_window);
    if (spent.size() + needed <= allowed) {
        return std::nullopt;
    }
    std::string because =
        fmt::format("{} of {} effects are spent in the last {:.0f} s and {} are needed",
                    spent.size(), allowed, to_seconds(matter.limits.effects_window), needed);
    if (needed > allowed) {
        return Objection{.because = std::move(because)};  // No waiting makes room for that.
    }
    const Instant oldest_in_the_way = spent[spent.size() + needed - allowed - 1];
    return Objection{.because = std::move(because),
                     .again_at = oldest_in_the_way + matter.limits.effects_window,
                     .may_pass = true};
}

}  // namespace rule
}  // namespace homeostat::guard
