// What can be seen of a world, made out of its state.

#include "homeostat/base/ensure.hpp"
#include "homeostat/sim/world/draws.hpp"
#include "homeostat/sim/world/state.hpp"
#include "homeostat/sim/world/world.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>

namespace homeostat::sim {

namespace {

/// Of a replica's or a service's totals; those of single requests have no fractions.
[[nodiscard]] EdgeCounters counters_of(const auto& totals, double queue, double busy) {
    return {.requests_total = static_cast<std::uint64_t>(totals.requests_total),
            .errors_total = static_cast<std::uint64_t>(totals.errors_total),
            .retries_total = static_cast<std::uint64_t>(totals.retries_total),
            .queue_length = static_cast<std::uint64_t>(std::round(queue)),
            .sessions_now = static_cast<std::uint64_t>(std::round(busy + queue)),
            .latency_ms = totals.edge_mean_ms,
            .latency_answers_max = static_cast<std::uint64_t>(edge_answers_max)};
}

/// Share of a replica's answers that came later.
[[nodiscard]] double later_share(const ReplicaState& replica, double ms) {
    const double half_ms = replica.hold_ms / 2;
    return half_ms > 0 ? tail_after((ms - replica.wait_ms - half_ms) / half_ms) : 0;
}

/// By when a share of a replica's answers came.
[[nodiscard]] double answered_after(const ReplicaState& replica, double share) {
    return replica.wait_ms + replica.hold_ms * (1 + time_of_share(share)) / 2;
}

[[nodiscard]] Rotation rotation_of(const ReplicaState& replica, Tick now) {
    if (replica.is_drained) {
        return Rotation::draining;
    }
    return replica.is_in_rotation(now) ? Rotation::in : Rotation::down;
}

/// Connections to what it calls that a process uses, or has lost.
[[nodiscard]] double pool_in_use(const ReplicaState& replica, const ServiceState& service) {
    const double used = replica.worked * service.pool_ms / tick_ms;
    return service.pool_max > 0 ? std::min(service.pool_max, used + replica.connections_lost) : 0;
}

[[nodiscard]] double open_descriptors(const State& state, const ReplicaState& replica) {
    if (!replica.is_alive) {
        return 0;
    }
    const double pool = pool_in_use(replica, state.services[replica.service]);
    return std::min(
        state.topology.services[replica.service].descriptors_max,
        descriptors_base + busy_workers(replica) + pool + replica.wear.descriptors_leaked);
}

[[nodiscard]] double cpu_ratio(const State& state, const ReplicaState& replica) {
    const double own_ms = replica.hold_ms - state.services[replica.service].calls_ms;
    const double share = state.topology.services[replica.service].cpu_share;
    return replica.worked * std::max(0.0, own_ms) * share / tick_ms;
}

}  // namespace

double busy_workers(const ReplicaState& replica) {
    const double stuck = std::min(replica.workers, replica.wear.workers_stuck);
    return std::min(replica.workers, replica.worked * replica.hold_ms / tick_ms + stuck);
}

const Topology& World::topology() const {
    return state_->topology;
}
Tick World::ticks_count() const {
    return state_->now;
}
Instant World::now() const {
    return instant_of(state_->now);
}
const Tally& World::tally() const {
    return state_->tally;
}
std::span<const InjectedFault> World::faults() const {
    return state_->faults;
}
std::span<const Effect> World::effects() const {
    return state_->effects;
}
std::span<const VersionChange> World::version_changes() const {
    return state_->version_changes;
}

Instant World::instant_of(Tick tick) const {
    return state_->begins_at + std::chrono::milliseconds{100} * static_cast<std::int64_t>(tick);
}

ReplicaView World::replica(ReplicaIndex index) const {
    const State& state = *state_;
    const ReplicaState& replica = state.replicas.at(index);
    const ServiceState& service = state.services[replica.service];
    const ServiceSpec& spec = state.topology.services[replica.service];
    ReplicaView view;
    view.is_spare = replica.is_spare;
    view.is_wanted = replica.is_wanted;
    view.is_alive = replica.is_alive;
    view.is_answering = replica.is_answering(state.now);
    view.is_reachable = replica.is_reachable;
    view.identity = identity_of(state, replica);
    view.versions = {version_id(Artifact::deploy, replica.versions[0]),
                     version_id(Artifact::config, replica.versions[1])};
    view.effect = state.started_by[index];
    view.started_at = replica.started_at;
    if (replica.has_exit_status) {
        view.exit_status = replica.exit_status;
    }
    view.starts_count = replica.starts_count;
    view.rotation = rotation_of(replica, state.now);
    view.rotation_since = replica.rotation_since;
    view.memory_mb = replica.is_alive ? spec.memory_base_mb + replica.leaked_mb : 0;
    view.busy_workers = busy_workers(replica);
    view.cpu_total_s = replica.cpu_total_ms / 1'000;
    view.cpu_ratio = cpu_ratio(state, replica);
    view.queue_length = replica.queue;
    view.connections_lost = replica.connections_lost;
    view.host = replica.host;
    view.open_descriptors = open_descriptors(state, replica);
    view.pool_in_use = pool_in_use(replica, service);
    view.disk_used_share = replica.wear.disk_used_share;
    const double denied = service.door.denied * replica.share;
    view.refused = replica.refused + denied;
    view.offered = replica.offered + denied;
    if (replica.is_accepting(state.now)) {
        const double admitted = replica.offered * (1 - replica.turned_away_share);
        const double in_time = admitted * (1 - replica.late_share);
        view.served = in_time * (1 - replica.failing_share);
        view.timed_out = admitted - in_time;
    }
    view.failed = view.offered - view.served - view.timed_out;
    view.counters = counters_of(replica, replica.queue, view.busy_workers);
    return view;
}

ServiceView World::service(ServiceIndex index) const {
    const State& state = *state_;
    const ServiceState& service = state.services.at(index);
    ServiceView view;
    view.offered = service.offered + service.door.denied;
    view.served = service.offered * service.served_share;
    view.failed = service.offered * service.failed_share + service.door.denied;
    view.denied = service.door.denied;
    view.misled_share = service.misled_share;
    view.connections_kept = connections_kept(state, index);
    view.timed_out = service.offered * service.late_share;
    view.retries = service.retried;
    view.shed = service.shed;
    view.latency_mean_ms = service.answer_ms;
    double queue = 0;
    double busy = 0;
    for (ReplicaIndex at = service.first; at < service.end; ++at) {
        const ReplicaState& replica = state.replicas[at];
        view.in_rotation_count += replica.is_in_rotation(state.now) ? 1 : 0;
        view.answering_count += replica.is_answering(state.now) ? 1 : 0;
        queue += replica.queue;
        busy += busy_workers(replica);
    }
    view.counters = counters_of(service, queue, busy);
    view.current = {version_id(Artifact::deploy, service.current[0]),
                    version_id(Artifact::config, service.current[1])};
    view.versions_count = {service.versions_count[0], service.versions_count[1]};
    view.is_flag_on = service.is_flag_on;
    view.is_rolling_out = service.rolling_to[0] != 0 || service.rolling_to[1] != 0;
    return view;
}

LinkView World::link(LinkIndex index) const {
    const LinkState& link = state_->links.at(index);
    const AttemptsFate fate = fate_of(*state_, index);
    return {.is_circuit_open = link.is_circuit_open,
            .circuit_closes_at = link.circuit_closes_at,
            .calls = link.calls,
            .attempts = link.attempts,
            .failed = link.attempts * fate.failed_share,
            .timed_out = link.attempts * fate.late_share,
            .call_ms = link.call_ms,
            .failing_share = link.failing_share};
}

CacheView World::cache(CacheIndex index) const {
    const CacheState& cache = state_->caches.at(index);
    const CacheSpec& spec = state_->topology.caches[index];
    const bool is_renewed = spec.refreshes_s > 0 && spec.refreshes_s < spec.lives_s;
    const double dropped = spec.lives_s > 0 && !is_renewed ? seconds_per_tick / spec.lives_s : 0;
    return {.is_answering = !cache.is_lost,
            .is_rerouted = cache.is_rerouted,
            .route_ends_at = cache.route_ends_at,
            .generation = cache.generation,
            .filled_share = cache.filled,
            .stale_share = cache.stale,
            .hit_ratio = cache.hit_share,
            .age_s = cache.age_s,
            .evicted = cache.filled * spec.keys_count * dropped};
}

HostView World::host(HostIndex index) const {
    const State& state = *state_;
    const HostState& host = state.hosts.at(index);
    HostView view{.is_reachable = !host.is_lost, .clock_offset_s = host.clock_offset_s};
    double cores = 0;
    for (const ReplicaState& replica : state.replicas) {
        if (replica.host == index) {
            view.processes_count += replica.is_alive ? 1 : 0;
            cores += replica.is_alive ? cpu_ratio(state, replica) : 0;
        }
    }
    const double ours = std::min(1.0, cores / state.topology.host_cores);
    view.cpu_ratio = host.taken_share + (1 - host.taken_share) * ours;
    return view;
}

bool World::is_serving(ReplicaIndex index) const {
    const State& state = *state_;
    const ReplicaState& replica = state.replicas.at(index);
    return replica.is_alive && replica.is_answering(state.now) && replica.is_reachable &&
           replica.is_wanted && rotation_of(replica, state.now) == Rotation::in;
}

ProcessIdentity World::process(ReplicaIndex index) const {
    const ReplicaState& replica = state_->replicas.at(index);
    return replica.is_alive ? identity_of(*state_, replica) : ProcessIdentity{};
}

double World::replica_latency_ms(ReplicaIndex index, double share) const {
    ensure(share > 0 && share < 1, "a share of the answers lies between none and all");
    const ReplicaState& replica = state_->replicas.at(index);
    const double timeout_ms = state_->topology.services[replica.service].timeout_ms;
    return replica.is_accepting(state_->now) ? std::min(timeout_ms, answered_after(replica, share))
                                             : 0;
}

double World::link_latency_ms(LinkIndex index, double share) const {
    ensure(share > 0 && share < 1, "a share of the answers lies between none and all");
    const LinkState& link = state_->links.at(index);
    const LinkSpec& spec = state_->topology.links[index];
    if (link.is_circuit_open) {
        return fallback_ms;
    }
    const double hit = spec.cache == none ? 0 : state_->caches[spec.cache].hit_share;
    const double hit_ms = spec.cache == none ? 0 : state_->topology.caches[spec.cache].hit_ms;
    if (share <= hit) {
        return hit_ms;
    }
    const double ms = std::max(hit_ms, latency_ms(spec.target, (share - hit) / (1 - hit)));
    return link.mix.hasty_share > 0.5 ? std::min(ms, link.mix.patience_ms) : ms;
}

double World::latency_ms(ServiceIndex index, double share) const {
    ensure(share > 0 && share < 1, "a share of the answers lies between none and all");
    const ServiceState& service = state_->services.at(index);
    double low = 0;
    double high = state_->topology.services[index].timeout_ms;
    for (int halving = 0; halving < 40; ++halving) {
        const double middle = (low + high) / 2;
        double later = 0;
        double all = 0;
        for (ReplicaIndex at = service.first; at < service.end; ++at) {
            const ReplicaState& replica = state_->replicas[at];
            if (replica.is_accepting(state_->now)) {
                const double in_time =
                    replica.offered * (1 - replica.turned_away_share) * (1 - replica.late_share);
                const double late = replica.late_share;
                const double left = std::max(0.0, later_share(replica, middle) - late);
                later += late < 1 ? in_time * left / (1 - late) : 0;
                all += in_time;
            }
        }
        (later > (1 - share) * all ? low : high) = middle;
    }
    return high;
}

}  // namespace homeostat::sim
