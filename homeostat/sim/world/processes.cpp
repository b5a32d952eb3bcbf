// Processes and the edge's view of them: what ends, leaks, starts and is looked at.

#include "homeostat/base/ensure.hpp"
#include "homeostat/sim/world/state.hpp"

#include <algorithm>
#include <string>

namespace homeostat::sim {

namespace {

constexpr int exit_by_sigkill = 9;  ///< As waitpid gives it.
constexpr int exit_by_failure = 1 << 8;
constexpr Tick check_every = 5;  ///< 500 ms. SOURCE: the demo's HAProxy.
constexpr std::uint32_t checks_failed_max = 2;
constexpr Tick roll_every = 20;  ///< A rollout replaces a process each 2 s.
constexpr Tick outlier_for = 100;
constexpr double hot_grows_for = 300;  ///< Ticks until a key is as hot as it gets.

void pass_memory(State& state, ReplicaIndex index) {
    ReplicaState& replica = state.replicas[index];
    const ServiceSpec& spec = state.topology.services[replica.service];
    replica.leaked_mb += replica.leak_mb;
    replica.connections_lost += replica.connections_leak;
    if (spec.memory_base_mb + replica.leaked_mb < spec.memory_max_mb) {
        return;
    }
    if (spec.is_stalled_by_memory) {
        replica.is_stalled = true;
        replica.leaked_mb = spec.memory_max_mb - spec.memory_base_mb;
    } else {
        end_process(state, index, exit_by_sigkill, {});
    }
}

/// Workers get stuck, descriptors stay open, a volume fills.
void pass_wear(State& state, ReplicaState& replica) {
    Wear& wear = replica.wear;
    const ServiceSpec& spec = state.topology.services[replica.service];
    wear.workers_stuck = std::min(replica.workers, wear.workers_stuck + wear.stuck_per_tick);
    wear.descriptors_leaked += wear.descriptors_per_request * replica.worked;
    replica.is_out_of_descriptors =
        descriptors_base + spec.workers + wear.descriptors_leaked >= spec.descriptors_max;
    if (wear.disk_per_tick > 0 && wear.disk_used_share < 1) {
        wear.disk_used_share = std::min(1.0, wear.disk_used_share + wear.disk_per_tick);
        state.are_causes_old = state.are_causes_old || wear.disk_used_share == 1;
    }
}

/// Starts what has ended, where a supervisor does so.
void supervise(State& state, ReplicaIndex index) {
    const ReplicaState& replica = state.replicas[index];
    const ServiceSpec& spec = state.topology.services[replica.service];
    if (spec.restarts_itself_after_s > 0 && replica.is_wanted && replica.is_reachable &&
        state.now >= replica.ended_at + ticks_of(spec.restarts_itself_after_s)) {
        start_process(state, index, {});
    }
}

/// The next replica that runs another version is replaced; the rollout ends with the last.
void roll(State& state, ServiceIndex index, std::size_t artifact) {
    ServiceState& service = state.services[index];
    const std::uint32_t to = service.rolling_to[artifact];
    if (to == 0) {
        return;
    }
    if (service.current[artifact] == to) {
        for (ReplicaIndex at = service.first; at < service.end; ++at) {
            const ReplicaState& replica = state.replicas[at];
            if (replica.is_alive && replica.is_reachable && replica.versions[artifact] != to) {
                end_process(state, at, 0, {});
                start_process(state, at, {});
                return;
            }
        }
    }
    service.rolling_to[artifact] = 0;
}

/// Half of those in rotation stay there, however bad they look.
void judge_outliers(State& state, const ServiceState& service, double error_share) {
    std::uint32_t all = 0;
    std::uint32_t out = 0;
    for (ReplicaIndex at = service.first; at < service.end; ++at) {
        const ReplicaState& replica = state.replicas[at];
        all += replica.is_up && !replica.is_drained ? 1 : 0;
        out += replica.is_up && !replica.is_drained && state.now < replica.outlier_until ? 1 : 0;
    }
    for (ReplicaIndex at = service.first; at < service.end && 2 * (out + 1) <= all; ++at) {
        ReplicaState& replica = state.replicas[at];
        if (replica.is_in_rotation(state.now) && replica.offered > 0 &&
            replica.failing_share > error_share) {
            replica.outlier_until = state.now + outlier_for;
            out += 1;
        }
    }
}

void check_replica(ReplicaState& replica, Tick now) {
    if (replica.is_answering(now)) {
        replica.checks_failed_count = 0;
        replica.rotation_since = replica.is_up ? replica.rotation_since : now;
        replica.is_up = true;
        return;
    }
    replica.checks_failed_count += 1;
    if (replica.checks_failed_count >= checks_failed_max) {
        replica.rotation_since = replica.is_up ? now : replica.rotation_since;
        replica.is_up = false;
    }
}

/// Requests with the hot key go where that is kept; if that is out, to the next one.
void share_hot_key(State& state, const ServiceState& service) {
    const Door& door = service.door;
    const std::uint32_t count = service.end - service.first;
    ReplicaIndex hot = none;
    for (std::uint32_t step = 0; step < count && hot == none; ++step) {
        const ReplicaIndex at = service.first + (door.hot_replica + step) % count;
        hot = state.replicas[at].share > 0 ? at : none;
    }
    if (hot == none) {
        return;
    }
    const double grown = static_cast<double>(state.now - door.hot_from) / hot_grows_for;
    const double hot_share = door.hot_share_max * std::min(1.0, grown);
    for (ReplicaIndex at = service.first; at < service.end; ++at) {
        state.replicas[at].share *= 1 - hot_share;
    }
    state.replicas[hot].share += hot_share;
}

void share_out(State& state, const ServiceState& service) {
    double weights = 0;
    for (ReplicaIndex at = service.first; at < service.end; ++at) {
        const ReplicaState& replica = state.replicas[at];
        weights += replica.is_in_rotation(state.now) ? ReplicaState::weight : 0;
    }
    for (ReplicaIndex at = service.first; at < service.end; ++at) {
        ReplicaState& replica = state.replicas[at];
        const bool is_in = weights > 0 && replica.is_in_rotation(state.now);
        replica.share = is_in ? ReplicaState::weight / weights : 0;
    }
    if (service.door.hot_share_max > 0) {
        share_hot_key(state, service);
    }
}

void check_all(State& state) {
    for (ReplicaState& replica : state.replicas) {
        check_replica(replica, state.now);
    }
    for (ServiceIndex index = 0; index < state.services.size(); ++index) {
        const double error_share = state.topology.services[index].outlier_error_share;
        if (error_share > 0) {
            judge_outliers(state, state.services[index], error_share);
        }
    }
}

/// Circuits and routes that have stood long enough.
void end_stopgaps(State& state) {
    for (LinkIndex index = 0; index < state.links.size(); ++index) {
        LinkState& link = state.links[index];
        if (link.is_circuit_open && state.now >= link.circuit_closes_at) {
            link.is_circuit_open = false;
            state.effects.push_back({{}, EffectKind::circuit_closed, index, state.now});
        }
    }
    for (CacheIndex index = 0; index < state.caches.size(); ++index) {
        CacheState& cache = state.caches[index];
        if (cache.is_rerouted && state.now >= cache.route_ends_at) {
            cache.is_rerouted = false;
            state.effects.push_back({{}, EffectKind::routed_back, index, state.now});
        }
    }
}

}  // namespace

VersionId version_id(Artifact artifact, std::uint32_t number) {
    return VersionId((artifact == Artifact::config ? "c" : "v") + std::to_string(number));
}

void end_process(State& state, ReplicaIndex index, int exit_status, const EffectId& effect) {
    ReplicaState& replica = state.replicas[index];
    if (!replica.is_alive) {
        return;
    }
    replica.is_alive = false;
    replica.has_exit_status = true;
    replica.exit_status = exit_status;
    replica.ended_at = state.now;
    replica.queue = 0;
    replica.worked = 0;
    state.are_doors_old = true;
    state.effects.push_back({effect, EffectKind::process_ended, index, state.now});
}

void start_process(State& state, ReplicaIndex index, const EffectId& effect) {
    ReplicaState& replica = state.replicas[index];
    ensure(!replica.is_alive, "a replica runs one process at a time");
    const ServiceState& service = state.services[replica.service];
    const ServiceSpec& spec = state.topology.services[replica.service];
    state.pid_last += 1;
    replica.pid = state.pid_last;
    replica.is_alive = true;
    replica.is_wanted = true;
    replica.is_stalled = false;
    replica.has_exit_status = false;
    replica.starts_count += 1;
    replica.versions = service.current;
    replica.started_at = state.now;
    replica.answers_from_at = state.now + ticks_of(spec.start_s);
    replica.warm_from_at = replica.answers_from_at + ticks_of(spec.warm_up_s);
    replica.leaked_mb = 0;
    replica.connections_lost = 0;
    replica.wear.workers_stuck = 0;
    replica.wear.descriptors_leaked = 0;
    replica.is_out_of_descriptors = false;
    replica.cpu_total_ms = 0;
    replica.queue = 0;
    state.started_by[index] = effect;
    state.are_causes_old = true;
    for (LinkIndex link = service.links_first; link < service.links_end; ++link) {
        const CacheIndex cache = state.topology.links[link].cache;
        if (cache != none && state.topology.caches[cache].is_local) {
            const double kept = 1 - 1.0 / spec.replicas_count;
            state.caches[cache].filled *= kept;
            state.caches[cache].stale *= kept;
        }
    }
    state.effects.push_back({effect, EffectKind::process_started, index, state.now});
}

void pass_processes(State& state) {
    for (ReplicaIndex index = 0; index < state.replicas.size(); ++index) {
        const ReplicaState& replica = state.replicas[index];
        if (!replica.is_alive) {
            supervise(state, index);
        } else if (replica.dies_after != never &&
                   state.now >= replica.started_at + replica.dies_after) {
            end_process(state, index, exit_by_failure, {});
        } else {
            pass_memory(state, index);
            if (replica.is_wearing) {
                pass_wear(state, state.replicas[index]);
            }
        }
    }
    if (state.now % roll_every == 0) {
        for (ServiceIndex index = 0; index < state.services.size(); ++index) {
            roll(state, index, 0);
            roll(state, index, 1);
        }
    }
}

void pass_edge(State& state) {
    if (state.now % check_every == 0) {
        check_all(state);
    }
    for (const ServiceState& service : state.services) {
        share_out(state, service);
    }
    end_stopgaps(state);
}

}  // namespace homeostat::sim
