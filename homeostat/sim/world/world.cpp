#include "homeostat/sim/world/world.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fnv1a.hpp"
#include "homeostat/sim/world/draws.hpp"
#include "homeostat/sim/world/state.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>

namespace homeostat::sim {

namespace {

constexpr std::size_t effects_expected = 4'096;

/// Collects the bytes of all that decides what happens next.
struct Bytes {
    std::string text;

    template <class T>
    void add(const T& value) {
        if constexpr (std::is_arithmetic_v<T>) {
            const auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
            text.append(bytes.data(), bytes.size());
        } else {
            for (const auto& one : value) {
                add(one);
            }
        }
    }
    template <class... T>
    void operator()(const T&... values) {
        (add(values), ...);
    }
};

/// SOURCE: Sakasegawa 1977: the wait for c workers grows with the load to the √(2(c+1)) − 1.
[[nodiscard]] std::uint32_t wait_power(std::uint32_t workers) {
    return static_cast<std::uint32_t>(std::round(std::sqrt(2.0 * (workers + 1)))) - 1;
}

void begin_replicas(State& state, ServiceIndex index) {
    const ServiceSpec& spec = state.topology.services[index];
    ServiceState& service = state.services[index];
    service.first = static_cast<ReplicaIndex>(state.replicas.size());
    for (std::uint32_t number = 0; number < spec.replicas_count + spec.spares_count; ++number) {
        ReplicaState replica;
        replica.service = index;
        replica.zone = number % state.topology.zones_count;
        replica.is_spare = number >= spec.replicas_count;
        replica.is_wanted = !replica.is_spare;
        replica.is_alive = !replica.is_spare;
        replica.is_up = replica.is_alive;
        replica.edge_mean_ms = spec.own_time_ms;
        if (replica.is_alive) {
            state.pid_last += 1;
            replica.pid = state.pid_last;
            replica.starts_count = 1;
        }
        state.replicas.push_back(replica);
    }
    service.end = static_cast<ReplicaIndex>(state.replicas.size());
    service.wait_power = wait_power(spec.workers);
}

void begin_links(State& state, ServiceIndex index) {
    ServiceState& service = state.services[index];
    const std::vector<LinkSpec>& links = state.topology.links;
    const auto is_ours = [&](const LinkSpec& link) { return link.caller == index; };
    const auto first = std::ranges::find_if(links, is_ours);
    const auto end = std::find_if_not(first, links.end(), is_ours);
    service.links_first = static_cast<LinkIndex>(first - links.begin());
    service.links_end = static_cast<LinkIndex>(end - links.begin());
}

/// From the last called to the users: what an answer takes when nobody waits.
void begin_times(State& state) {
    for (std::size_t index = state.services.size(); index-- > 0;) {
        ServiceState& service = state.services[index];
        double calls_ms = 0;
        for (LinkIndex at = service.links_first; at < service.links_end; ++at) {
            const LinkSpec& link = state.topology.links[at];
            const double target_ms = state.services[link.target].attempt_ms;
            const bool is_cached = link.cache != none;
            const double hit = is_cached ? state.topology.caches[link.cache].hit_share_max : 0;
            const double hit_ms = is_cached ? state.topology.caches[link.cache].hit_ms : 0;
            state.links[at].call_ms = hit * hit_ms + (1 - hit) * target_ms;
            calls_ms += link.calls_per_request * state.links[at].call_ms;
        }
        service.served_share = 1;
        service.attempt_ms = state.topology.services[index].own_time_ms + calls_ms;
        service.answer_ms = service.attempt_ms;
        service.edge_mean_ms = service.attempt_ms;
    }
}

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

[[nodiscard]] double busy_workers(const ReplicaState& replica) {
    return std::min(replica.workers, replica.worked * replica.hold_ms / tick_ms);
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

}  // namespace

World::World(Topology topology, std::uint64_t seed, Instant begins_at)
    : state_(std::make_unique<State>()) {
    ensure(check(topology).has_value(), "a world is made of a topology that passes its check");
    State& state = *state_;
    state.topology = std::move(topology);
    state.begins_at = begins_at;
    state.services.resize(state.topology.services.size());
    state.links.resize(state.topology.links.size());
    state.caches.resize(state.topology.caches.size());
    state.surges.assign(state.topology.traffic.size(), 1);
    state.effects.reserve(effects_expected);
    for (ServiceIndex index = 0; index < state.services.size(); ++index) {
        begin_replicas(state, index);
        begin_links(state, index);
    }
    state.started_by.resize(state.replicas.size());
    reseed(seed);
    for (const TrafficSpec& traffic : state.topology.traffic) {
        const ServiceIndex target = state.topology.links[traffic.link].target;
        state.services[target].slow_ms = traffic.slow_ms;
    }
    begin_times(state);
    renew_causes(state);
}

World::~World() = default;
World::World(World&&) noexcept = default;
World& World::operator=(World&&) noexcept = default;
World::World(const World& other) : state_(std::make_unique<State>(*other.state_)) {}

void World::tick() {
    State& state = *state_;
    begin_and_end_faults(state);
    pass_processes(state);
    renew_causes(state);
    pass_edge(state);
    pass_flow(state);
    state.now += 1;
}

void World::run(Tick ticks_count) {
    for (Tick passed = 0; passed < ticks_count; ++passed) {
        tick();
    }
}

void World::reseed(std::uint64_t seed) {
    const Rng rng(seed);
    state_->traffic_rngs.clear();
    for (const TrafficSpec& traffic : state_->topology.traffic) {
        state_->traffic_rngs.push_back(rng.fork("traffic " + std::to_string(traffic.link)));
    }
}

void World::add(const InjectedFault& fault) {
    ensure(fault.service < state_->services.size(), "a fault is in a service that there is");
    state_->faults.push_back(fault);
    state_->fault_states.emplace_back();
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
    view.weight = replica.weight;
    view.memory_mb = replica.is_alive ? spec.memory_base_mb + replica.leaked_mb : 0;
    view.busy_workers = busy_workers(replica);
    view.cpu_total_s = replica.cpu_total_ms / 1'000;
    const double own_ms = replica.hold_ms - state.services[replica.service].calls_ms;
    view.cpu_ratio = replica.worked * std::max(0.0, own_ms) * spec.cpu_share / tick_ms;
    view.queue_length = replica.queue;
    view.connections_lost = replica.connections_lost;
    view.offered = replica.offered;
    if (replica.is_accepting(state.now)) {
        const double admitted = replica.offered * (1 - replica.turned_away_share);
        const double in_time = admitted * (1 - replica.late_share);
        view.served = in_time * (1 - replica.failing_share);
        view.timed_out = admitted - in_time;
    }
    view.failed = replica.offered - view.served - view.timed_out;
    view.counters = counters_of(replica, replica.queue, view.busy_workers);
    return view;
}

ServiceView World::service(ServiceIndex index) const {
    const State& state = *state_;
    const ServiceState& service = state.services.at(index);
    ServiceView view;
    view.offered = service.offered;
    view.served = service.offered * service.served_share;
    view.failed = service.offered * service.failed_share;
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
    return {.is_circuit_open = link.is_circuit_open,
            .circuit_closes_at = link.circuit_closes_at,
            .calls = link.calls,
            .attempts = link.attempts,
            .call_ms = link.call_ms,
            .failing_share = link.failing_share};
}

CacheView World::cache(CacheIndex index) const {
    const CacheState& cache = state_->caches.at(index);
    return {.is_answering = !cache.is_lost,
            .is_rerouted = cache.is_rerouted,
            .route_ends_at = cache.route_ends_at,
            .generation = cache.generation,
            .filled_share = cache.filled,
            .stale_share = cache.stale,
            .hit_ratio = cache.hit_share,
            .age_s = cache.age_s};
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

std::uint64_t World::digest() const {
    const State& state = *state_;
    Bytes bytes;
    bytes(state.now, state.pid_last, state.are_causes_old, state.surges);
    for (const ReplicaState& replica : state.replicas) {
        ReplicaState::fields(replica, bytes);
    }
    for (const ServiceState& service : state.services) {
        ServiceState::fields(service, bytes);
    }
    for (const LinkState& link : state.links) {
        LinkState::fields(link, bytes);
    }
    for (const CacheState& cache : state.caches) {
        CacheState::fields(cache, bytes);
    }
    for (Rng rng : state.traffic_rngs) {
        bytes(rng.next());  // A copy's: it tells where the stream stands.
    }
    for (const FaultState& fault : state.fault_states) {
        bytes(fault.has_begun, fault.has_ended);
    }
    bytes(state.tally.requests, state.tally.failed, state.tally.slow, state.tally.misled,
          state.tally.degraded, state.effects.size());
    return fnv1a(bytes.text);
}

}  // namespace homeostat::sim
