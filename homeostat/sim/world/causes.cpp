// Faults begin and end; what versions, flags and faults together make of each replica.

#include "homeostat/base/ensure.hpp"
#include "homeostat/sim/world/state.hpp"

#include <algorithm>

namespace homeostat::sim {

namespace {

constexpr int exit_by_sigsegv = 11;  ///< As waitpid gives it.

template <class F>
void for_each_replica(State& state, const InjectedFault& fault, F&& what) {
    const ServiceState& service = state.services[fault.service];
    for (ReplicaIndex at = service.first; at < service.end; ++at) {
        if (fault.replica == every_replica || fault.replica == at - service.first) {
            what(at);
        }
    }
}

void end_processes(State& state, const InjectedFault& fault) {
    for_each_replica(state, fault,
                     [&](ReplicaIndex at) { end_process(state, at, exit_by_sigsegv, {}); });
}

void stall_processes(State& state, const InjectedFault& fault) {
    for_each_replica(state, fault, [&](ReplicaIndex at) {
        ReplicaState& replica = state.replicas[at];
        replica.is_stalled = replica.is_stalled || replica.is_alive;
    });
}

void restart_processes(State& state, const InjectedFault& fault) {
    for_each_replica(state, fault, [&](ReplicaIndex at) {
        if (state.replicas[at].is_alive) {
            end_process(state, at, 0, {});
            start_process(state, at, {});
        }
    });
    const ServiceState& service = state.services[fault.service];
    for (LinkIndex link = service.links_first; link < service.links_end; ++link) {
        const CacheIndex cache = state.topology.links[link].cache;
        if (cache != none && state.topology.caches[cache].is_local) {
            empty_cache(state.caches[cache]);
        }
    }
}

void roll_out(State& state, const InjectedFault& fault, Artifact artifact, const Traits& traits) {
    ServiceState& service = state.services[fault.service];
    const auto kind = static_cast<std::size_t>(artifact);
    if (service.versions_count[kind] == versions_max) {
        return;
    }
    service.versions_count[kind] += 1;
    const std::uint32_t to = service.versions_count[kind];
    service.traits[kind][to] = traits;
    swap_current(state, fault.service, artifact, to, {});
    service.rolling_to[kind] = to;
}

void set_surges(State& state) {
    for (std::size_t index = 0; index < state.surges.size(); ++index) {
        const LinkIndex link = state.topology.traffic[index].link;
        double surge = 1;
        for (const InjectedFault& fault : state.faults) {
            if (fault.kind == FaultKind::surge && fault.is_on(state.now) &&
                state.topology.links[link].target == fault.service) {
                surge *= fault.strength;
            }
        }
        state.surges[index] = surge;
    }
}

void begin_in_cache(State& state, const InjectedFault& fault) {
    CacheState& cache = state.caches[fault.replica];
    if (fault.kind == FaultKind::stale_copies) {
        cache.stale = std::max(cache.stale, fault.strength * cache.filled);
    } else {
        empty_cache(cache);
    }
}

/// What happens once. What lasts is a cause, see `renew_causes`.
void begin(State& state, const InjectedFault& fault) {
    switch (fault.kind) {
        case FaultKind::crash:
        case FaultKind::crash_loop:
            return end_processes(state, fault);
        case FaultKind::hang:
            return stall_processes(state, fault);
        case FaultKind::mass_restart:
            return restart_processes(state, fault);
        case FaultKind::bad_deploy:
            return roll_out(state, fault, Artifact::deploy, {.error_share = fault.strength});
        case FaultKind::slow_deploy:
            return roll_out(state, fault, Artifact::deploy, {.time_factor = fault.strength});
        case FaultKind::innocent_deploy:
            return roll_out(state, fault, Artifact::deploy, {});
        case FaultKind::bad_config:
            return roll_out(state, fault, Artifact::config, {.workers_factor = 1 / fault.strength});
        case FaultKind::bad_flag:
            state.services[fault.service].flag = {.error_share = fault.strength};
            state.services[fault.service].is_flag_on = true;
            return;
        case FaultKind::stale_copies:
        case FaultKind::cache_loss:
            return begin_in_cache(state, fault);
        default:
            return;
    }
}

/// What one fault makes of one replica that it is about.
void worsen(ReplicaState& replica, const InjectedFault& fault) {
    switch (fault.kind) {
        case FaultKind::crash_loop:
            replica.dies_after = std::min(replica.dies_after, ticks_of(fault.strength));
            return;
        case FaultKind::leak:
            replica.leak_mb += fault.strength * seconds_per_tick;
            return;
        case FaultKind::pool_leak:
            replica.connections_leak += fault.strength * seconds_per_tick;
            return;
        case FaultKind::slow_service:
        case FaultKind::noisy_neighbour:
            replica.time_factor *= fault.strength;
            return;
        case FaultKind::failing_service:
            replica.error_share = 1 - (1 - replica.error_share) * (1 - fault.strength);
            return;
        default:
            return;
    }
}

/// What one fault that is on makes of the world as it stands.
void apply(State& state, const InjectedFault& fault) {
    switch (fault.kind) {
        case FaultKind::zone_loss:
            for (ReplicaState& replica : state.replicas) {
                replica.is_reachable = replica.is_reachable && replica.zone != fault.replica;
            }
            return;
        case FaultKind::packet_loss:
            state.services[fault.service].loss_share = fault.strength;
            return;
        case FaultKind::stale_writer:
            state.caches[fault.replica].is_written_wrong = true;
            return;
        case FaultKind::cache_loss:
            state.caches[fault.replica].is_lost = true;
            return;
        default:
            for_each_replica(state, fault,
                             [&](ReplicaIndex at) { worsen(state.replicas[at], fault); });
            return;
    }
}

/// As its versions and the flag have it, with no fault.
void reset_replica(State& state, ReplicaState& replica) {
    const ServiceState& service = state.services[replica.service];
    const ServiceSpec& spec = state.topology.services[replica.service];
    const Traits& deploy = service.traits[0][replica.versions[0]];
    const Traits& config = service.traits[1][replica.versions[1]];
    const double flag_share = service.is_flag_on ? service.flag.error_share : 0;
    replica.is_reachable = true;
    replica.error_share =
        1 - (1 - deploy.error_share) * (1 - config.error_share) * (1 - flag_share);
    replica.time_factor = deploy.time_factor * config.time_factor;
    replica.workers = spec.workers * deploy.workers_factor * config.workers_factor;
    replica.leak_mb = 0;
    replica.connections_leak = 0;
    replica.dies_after = never;
}

}  // namespace

void empty_cache(CacheState& cache) {
    cache.filled = 0;
    cache.stale = 0;
    cache.age_s = 0;
}

void swap_current(
    State& state, ServiceIndex index, Artifact artifact, std::uint32_t to, const EffectId& effect) {
    ServiceState& service = state.services[index];
    const auto kind = static_cast<std::size_t>(artifact);
    const std::uint32_t from = service.current[kind];
    service.current[kind] = to;
    state.version_changes.push_back(
        {index, artifact, version_id(artifact, from), version_id(artifact, to), effect, state.now});
    const EffectKind what =
        artifact == Artifact::config ? EffectKind::config_swapped : EffectKind::version_swapped;
    state.effects.push_back({effect, what, index, state.now});
}

void begin_and_end_faults(State& state) {
    for (std::size_t index = 0; index < state.faults.size(); ++index) {
        const InjectedFault& fault = state.faults[index];
        FaultState& progress = state.fault_states[index];
        if (!progress.has_begun && state.now >= fault.begins_at) {
            progress.has_begun = true;
            state.are_causes_old = true;
            begin(state, fault);
        }
        if (progress.has_begun && !progress.has_ended && state.now >= fault.ends_at) {
            progress.has_ended = true;
            state.are_causes_old = true;
            if (fault.kind == FaultKind::bad_flag) {
                state.services[fault.service].is_flag_on = false;
            }
        }
    }
}

void renew_causes(State& state) {
    if (!state.are_causes_old) {
        return;
    }
    state.are_causes_old = false;
    for (ReplicaState& replica : state.replicas) {
        reset_replica(state, replica);
    }
    for (ServiceState& service : state.services) {
        service.loss_share = 0;
    }
    for (CacheState& cache : state.caches) {
        cache.is_written_wrong = false;
        cache.is_lost = false;
    }
    for (const InjectedFault& fault : state.faults) {
        if (fault.is_on(state.now)) {
            apply(state, fault);
        }
    }
    set_surges(state);
}

}  // namespace homeostat::sim
