// Faults begin and end; what versions, flags and faults together make of each replica.

#include "homeostat/base/ensure.hpp"
#include "homeostat/sim/world/state.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace homeostat::sim {

namespace {

constexpr int exit_by_sigkill = 9;  ///< As waitpid gives it.
constexpr int exit_by_sigsegv = 11;
constexpr double disk_per_s = 0.05;      ///< How fast a volume fills.
constexpr double signed_for_s = 60;      ///< So long is valid what a process has signed.
constexpr double patience_factor = 1.5;  ///< Of an unhurried answer: what a hasty caller waits.
constexpr double trouble_factor = 1.5;   ///< The little that tips a retry storm over.
constexpr double found_out_share = 0.5;  ///< Of what is wrong in a store.

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

/// The number of the new version. 0: there are as many as there may be.
std::uint32_t roll_out(State& state, ServiceIndex index, Artifact artifact, const Traits& traits) {
    ServiceState& service = state.services[index];
    const auto kind = static_cast<std::size_t>(artifact);
    if (service.versions_count[kind] == versions_max) {
        return 0;
    }
    service.versions_count[kind] += 1;
    const std::uint32_t to = service.versions_count[kind];
    service.traits[kind][to] = traits;
    swap_current(state, index, artifact, to, {});
    service.rolling_to[kind] = to;
    return to;
}

/// A new version that is as good as the one before, but for how it calls one dependency.
void roll_out_habit(State& state,
                    const InjectedFault& fault,
                    Artifact artifact,
                    const CallHabit& habit) {
    const std::uint32_t version = roll_out(state, fault.service, artifact, {});
    if (version > 0) {
        state.call_changes.push_back({fault.replica, artifact, version, habit});
    }
}

/// What a call of the link takes while nothing is wrong, without its cache.
[[nodiscard]] double unhurried_ms(const State& state, ServiceIndex index) {
    double ms = state.topology.services[index].own_time_ms;
    const ServiceState& service = state.services[index];
    for (LinkIndex link = service.links_first; link < service.links_end; ++link) {
        const LinkSpec& spec = state.topology.links[link];
        ms += spec.is_awaited ? spec.calls_per_request * state.links[link].call_ms : 0;
    }
    return ms;
}

void begin_retry_storm(State& state, const InjectedFault& fault) {
    const ServiceIndex target = state.topology.links[fault.replica].target;
    roll_out_habit(state, fault, Artifact::config,
                   {.attempts_max = static_cast<std::uint32_t>(std::round(fault.strength)),
                    .patience_ms = patience_factor * unhurried_ms(state, target)});
}

void lose_host(State& state, HostIndex host) {
    for (ReplicaIndex at = 0; at < state.replicas.size(); ++at) {
        if (state.replicas[at].host == host) {
            end_process(state, at, exit_by_sigkill, {});
        }
    }
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

void begin_rollout(State& state, const InjectedFault& fault) {
    const ServiceIndex service = fault.service;
    switch (fault.kind) {
        case FaultKind::bad_deploy:
            roll_out(state, service, Artifact::deploy, {.error_share = fault.strength});
            return;
        case FaultKind::slow_deploy:
            roll_out(state, service, Artifact::deploy, {.time_factor = fault.strength});
            return;
        case FaultKind::bad_config:
            roll_out(state, service, Artifact::config, {.workers_factor = 1 / fault.strength});
            return;
        case FaultKind::retry_storm:
            return begin_retry_storm(state, fault);
        case FaultKind::bad_credentials:
            return roll_out_habit(state, fault, Artifact::config, {.is_denied = true});
        case FaultKind::slow_query:
            return roll_out_habit(state, fault, Artifact::deploy, {.work_factor = fault.strength});
        default:
            roll_out(state, service, Artifact::deploy, {});
            return;
    }
}

/// What happens once. What lasts is a cause, see `renew_causes`.
void begin(State& state, const InjectedFault& fault, FaultState& progress) {
    switch (fault.kind) {
        case FaultKind::crash:
        case FaultKind::crash_loop:
            return end_processes(state, fault);
        case FaultKind::hang:
            return stall_processes(state, fault);
        case FaultKind::mass_restart:
            return restart_processes(state, fault);
        case FaultKind::bad_deploy:
        case FaultKind::slow_deploy:
        case FaultKind::innocent_deploy:
        case FaultKind::bad_config:
        case FaultKind::retry_storm:
        case FaultKind::bad_credentials:
        case FaultKind::slow_query:
            return begin_rollout(state, fault);
        case FaultKind::bad_flag:
            state.services[fault.service].flag = {.error_share = fault.strength};
            state.services[fault.service].is_flag_on = true;
            return;
        case FaultKind::stale_copies:
        case FaultKind::cache_loss:
        case FaultKind::cold_cache:
            return begin_in_cache(state, fault);
        case FaultKind::node_loss:
            return lose_host(state, fault.replica);
        case FaultKind::connection_limit:
            progress.connections_left =
                std::max(1.0, fault.strength * connections_kept(state, fault.service));
            return;
        default:
            return;
    }
}

void add_errors(ReplicaState& replica, double share) {
    replica.error_share = 1 - (1 - replica.error_share) * (1 - share);
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
            replica.time_factor *= fault.strength;
            return;
        case FaultKind::failing_service:
            return add_errors(replica, fault.strength);
        case FaultKind::deadlock:
            replica.is_wearing = true;
            replica.wear.stuck_per_tick += replica.workers * fault.strength * seconds_per_tick;
            return;
        case FaultKind::fd_exhaustion:
            replica.is_wearing = true;
            replica.wear.descriptors_per_request += fault.strength;
            return;
        case FaultKind::disk_full:
            replica.is_wearing = true;
            replica.wear.disk_per_tick = disk_per_s * seconds_per_tick;
            if (replica.wear.disk_used_share >= 1) {
                add_errors(replica, fault.strength);
            }
            return;
        default:
            return;
    }
}

/// What one makes of a host, and of all that runs there.
void apply_to_host(State& state, const InjectedFault& fault) {
    HostState& host = state.hosts[fault.replica];
    const bool is_loss = fault.kind == FaultKind::node_loss;
    host.is_lost = host.is_lost || is_loss;
    host.clock_offset_s += is_loss ? 0 : fault.strength;
    for (ReplicaState& replica : state.replicas) {
        if (replica.host != fault.replica) {
            continue;
        }
        replica.is_reachable = replica.is_reachable && !is_loss;
        if (!is_loss) {
            add_errors(replica, std::min(1.0, fault.strength / signed_for_s));
        }
    }
}

/// Others take processors on the hosts of these replicas. All that runs there feels it.
void apply_noise(State& state, const InjectedFault& fault) {
    std::vector<bool> is_noisy(state.hosts.size());
    for_each_replica(state, fault, [&](ReplicaIndex at) {
        HostState& host = state.hosts[state.replicas[at].host];
        host.taken_share = std::max(host.taken_share, 1 - 1 / fault.strength);
        is_noisy[state.replicas[at].host] = true;
    });
    for (ReplicaState& replica : state.replicas) {
        replica.time_factor *= is_noisy[replica.host] ? fault.strength : 1;
    }
}

/// What one makes of a service, whatever runs there.
void apply_to_service(State& state, const InjectedFault& fault) {
    Door& door = state.services[fault.service].door;
    switch (fault.kind) {
        case FaultKind::lying_dependency:
            door.lying_share = 1 - (1 - door.lying_share) * (1 - fault.strength);
            return;
        case FaultKind::expired_certificate:
            door.is_expired = true;
            return;
        case FaultKind::hot_key:
            door.hot_share_max = fault.strength;
            door.hot_replica = fault.replica;
            door.hot_from = fault.begins_at;
            return;
        case FaultKind::data_corruption:
            door.lying_share =
                1 - (1 - door.lying_share) * (1 - fault.strength * (1 - found_out_share));
            for_each_replica(state, fault, [&](ReplicaIndex at) {
                add_errors(state.replicas[at], fault.strength * found_out_share);
            });
            return;
        default:
            return;
    }
}

/// What one fault that is on makes of the world as it stands.
void apply(State& state, const InjectedFault& fault, const FaultState& progress) {
    switch (fault.kind) {
        case FaultKind::node_loss:
        case FaultKind::clock_skew:
            return apply_to_host(state, fault);
        case FaultKind::noisy_neighbour:
            return apply_noise(state, fault);
        case FaultKind::lying_dependency:
        case FaultKind::expired_certificate:
        case FaultKind::hot_key:
        case FaultKind::data_corruption:
            return apply_to_service(state, fault);
        case FaultKind::connection_limit:
            state.services[fault.service].door.connections_left = progress.connections_left;
            return;
        case FaultKind::retry_storm: {
            const ServiceState& target = state.services[state.topology.links[fault.replica].target];
            for (ReplicaIndex at = target.first; at < target.end; ++at) {
                state.replicas[at].time_factor *= trouble_factor;
            }
            return;
        }
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
    replica.is_wearing = false;
    replica.wear.stuck_per_tick = 0;
    replica.wear.descriptors_per_request = 0;
    replica.wear.disk_per_tick = 0;
}

void reset_door(Door& door) {
    door.is_expired = false;
    door.connections_left = 0;
    door.lying_share = 0;
    door.hot_share_max = 0;
}

/// What a person, or time, puts right with it.
void end(State& state, const InjectedFault& fault) {
    if (fault.kind == FaultKind::bad_flag) {
        state.services[fault.service].is_flag_on = false;
    }
    if (fault.kind == FaultKind::disk_full) {
        for_each_replica(state, fault, [&](ReplicaIndex at) {
            state.replicas[at].wear.disk_used_share = disk_used_at_rest;
            state.replicas[at].wear.disk_per_tick = 0;
        });
    }
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
            begin(state, fault, progress);
        }
        if (progress.has_begun && !progress.has_ended && state.now >= fault.ends_at) {
            progress.has_ended = true;
            state.are_causes_old = true;
            end(state, fault);
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
        reset_door(service.door);
    }
    std::ranges::fill(state.hosts, HostState{});
    for (CacheState& cache : state.caches) {
        cache.is_written_wrong = false;
        cache.is_lost = false;
    }
    for (std::size_t index = 0; index < state.faults.size(); ++index) {
        if (state.faults[index].is_on(state.now)) {
            apply(state, state.faults[index], state.fault_states[index]);
        }
    }
    set_surges(state);
    state.are_doors_old = true;
}

}  // namespace homeostat::sim
