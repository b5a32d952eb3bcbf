#include "homeostat/review/shadow.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace homeostat::review {

namespace {

struct Looks {
    const Facts& before;
    const Facts& after;
};

bool is_replaced(const Looks& looks, const InstanceFacts& before) {
    const InstanceFacts* after = find_instance(looks.after, before.runtime.instance);
    return after != nullptr && after->runtime.is_alive &&
           after->runtime.identity != before.runtime.present();
}

std::size_t replaced_count(const Looks& looks) {
    return static_cast<std::size_t>(std::ranges::count_if(
        looks.before.instances,
        [&](const InstanceFacts& instance) { return is_replaced(looks, instance); }));
}

bool is_current_other(const Looks& looks) {
    return std::ranges::any_of(artifacts_all, [&](Artifact artifact) {
        return looks.before.versions[artifact].current != looks.after.versions[artifact].current;
    });
}

/// An edge that takes an instance out by its checks, or back in, does what nobody has decided.
bool is_drained(const Facts& facts, const InstanceId& instance) {
    const InstanceFacts* found = find_instance(facts, instance);
    return found != nullptr && found->rotation == Rotation::draining;
}

bool is_any_drain_other(const Looks& looks) {
    return std::ranges::any_of(looks.before.instances, [&](const InstanceFacts& instance) {
        const InstanceId& name = instance.runtime.instance;
        return is_drained(looks.before, name) != is_drained(looks.after, name);
    });
}

bool is_circuit_open(const Facts& facts, const ServiceId& neighbour) {
    const CircuitFacts* circuit = find_circuit(facts, neighbour);
    return circuit != nullptr && circuit->is_open;
}

bool is_any_circuit_other(const Looks& looks) {
    return std::ranges::any_of(looks.before.circuits, [&](const CircuitFacts& circuit) {
        return is_circuit_open(looks.after, circuit.neighbour) != circuit.is_open;
    });
}

bool is_to_source(const Facts& facts, const CacheId& cache) {
    const RouteFacts* route = find_route(facts, cache);
    return route != nullptr && route->is_to_source;
}

bool is_any_route_other(const Looks& looks) {
    return std::ranges::any_of(looks.before.routes, [&](const RouteFacts& route) {
        return is_to_source(looks.after, route.cache) != route.is_to_source;
    });
}

bool is_paused(const Facts& facts) {
    return facts.rollout && facts.rollout->is_paused;
}

/// 0: not known.
std::uint64_t memory_of(const Facts& facts, const InstanceId& instance) {
    const InstanceFacts* found = find_instance(facts, instance);
    return found != nullptr && found->runtime.memory ? found->runtime.memory->limit_bytes : 0;
}

bool is_any_memory_other(const Looks& looks) {
    return std::ranges::any_of(looks.before.instances, [&](const InstanceFacts& instance) {
        const InstanceId& name = instance.runtime.instance;
        const std::uint64_t after = memory_of(looks.after, name);
        return after != 0 && after != memory_of(looks.before, name);
    });
}

/// Whether the world after is what the remedy would have made of the one before, by another's hand.
struct IsDone {
    const Looks& looks;

    bool operator()(const Eject& remedy) const {
        return !is_drained(looks.before, remedy.instance) &&
               is_drained(looks.after, remedy.instance);
    }
    bool operator()(const OpenCircuit& remedy) const {
        return !is_circuit_open(looks.before, remedy.neighbour) &&
               is_circuit_open(looks.after, remedy.neighbour);
    }
    bool operator()(const Reroute& remedy) const {
        return !is_to_source(looks.before, remedy.cache) && is_to_source(looks.after, remedy.cache);
    }
    bool operator()(const Restart& remedy) const {
        const InstanceFacts* before = find_instance(looks.before, remedy.instance);
        const bool is_alone = replaced_count(looks) == 1 || looks.before.instances.size() == 1;
        return before != nullptr && is_replaced(looks, *before) && is_alone &&
               !is_current_other(looks);
    }
    bool operator()(const RollingRestart& /*remedy*/) const {
        return !looks.before.instances.empty() &&
               replaced_count(looks) == looks.before.instances.size() && !is_current_other(looks);
    }
    bool operator()(const Scale& remedy) const {
        const std::size_t before = looks.before.instances.size();
        const std::size_t after = looks.after.instances.size();
        return remedy.to > remedy.from ? after > before : after < before;
    }
    bool operator()(const Rollback& remedy) const {
        return looks.before.versions[remedy.artifact].current == remedy.from &&
               looks.after.versions[remedy.artifact].current == remedy.to;
    }
    bool operator()(const Resize& remedy) const {
        const std::uint64_t before = memory_of(looks.before, remedy.instance);
        return before != 0 && memory_of(looks.after, remedy.instance) > before;
    }
    bool operator()(const PauseRollout& /*remedy*/) const {
        return !is_paused(looks.before) && is_paused(looks.after) && !is_current_other(looks);
    }
    bool operator()(const auto& /*remedy*/) const { return false; }
};

bool is_anything_other(const Looks& looks) {
    return is_current_other(looks) || replaced_count(looks) > 0 ||
           looks.before.instances.size() != looks.after.instances.size() ||
           is_any_drain_other(looks) || is_any_circuit_other(looks) || is_any_route_other(looks) ||
           is_any_memory_other(looks) || is_paused(looks.before) != is_paused(looks.after);
}

/// Of an emptied cache nothing says who emptied it, nor of a task who has done it; what takes back
/// is on no menu.
bool leaves_trace(RemedyKind kind) {
    switch (kind) {
        case RemedyKind::eject:
        case RemedyKind::open_circuit:
        case RemedyKind::reroute:
        case RemedyKind::restart:
        case RemedyKind::rolling_restart:
        case RemedyKind::scale:
        case RemedyKind::rollback:
        case RemedyKind::resize:
        case RemedyKind::pause_rollout:
            return true;
        case RemedyKind::observe:
        case RemedyKind::readmit:
        case RemedyKind::close_circuit:
        case RemedyKind::invalidate_cache:
        case RemedyKind::route_back:
        case RemedyKind::run_task:
        case RemedyKind::take_back_task:
        case RemedyKind::resume_rollout:
            break;
    }
    return false;
}

bool is_that_rollback(const Change& change, const Rollback& remedy) {
    return artifact_of(change.kind) == remedy.artifact && change.from == remedy.from &&
           change.to == remedy.to;
}

/// What was seen to change, where a version or a number of instances did. The last one counts: who
/// deployed once more, and then went back, has gone back.
std::optional<Course> course_by_changes(const Shadow& shadow) {
    const auto* rollback = std::get_if<Rollback>(&shadow.remedy);
    if (shadow.changes.empty()) {
        return std::nullopt;
    }
    const bool is_same = rollback != nullptr && is_that_rollback(shadow.changes.back(), *rollback);
    return is_same ? Course::same : Course::otherwise;
}

}  // namespace

Course course_of(const Shadow& shadow) {
    if (!leaves_trace(kind_of(shadow.remedy))) {
        return Course::undecided;
    }
    if (shadow.before && shadow.after) {
        const Looks looks{*shadow.before, *shadow.after};
        if (std::visit(IsDone{looks}, shadow.remedy)) {
            return Course::same;
        }
        if (is_anything_other(looks)) {
            return course_by_changes(shadow).value_or(Course::otherwise);
        }
        return course_by_changes(shadow).value_or(Course::alone);
    }
    return course_by_changes(shadow).value_or(Course::undecided);
}

}  // namespace homeostat::review
