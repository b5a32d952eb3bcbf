#include "homeostat/sim/world/world.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fnv1a.hpp"
#include "homeostat/sim/world/draws.hpp"
#include "homeostat/sim/world/state.hpp"

#include <algorithm>
#include <bit>
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
    for (const Artifact artifact : artifacts_started) {
        const auto kind = static_cast<std::size_t>(artifact);
        service.versions_count[kind] += spec.older_versions[artifact];
        service.current[kind] = service.versions_count[kind];
    }
    for (std::uint32_t number = 0; number < spec.replicas_count + spec.spares_count; ++number) {
        ReplicaState replica;
        replica.service = index;
        replica.zone = number % state.topology.zones_count;
        replica.host = state.topology.host_of(static_cast<ReplicaIndex>(state.replicas.size()));
        replica.versions = service.current;
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
            calls_ms += link.is_awaited ? link.calls_per_request * state.links[at].call_ms : 0;
        }
        service.served_share = 1;
        service.attempt_ms = state.topology.services[index].own_time_ms + calls_ms;
        service.answer_ms = service.attempt_ms;
        service.edge_mean_ms = service.attempt_ms;
    }
}

/// A part that is as it began adds nothing.
template <class Part>
void add_unless_at_rest(Bytes& bytes, std::size_t index, const Part& part) {
    if (part != Part{}) {
        bytes(index);
        Part::fields(part, bytes);
    }
}

/// What only some faults and topologies touch.
void add_rare_parts(Bytes& bytes, const State& state) {
    for (std::size_t index = 0; index < state.replicas.size(); ++index) {
        add_unless_at_rest(bytes, index, state.replicas[index].wear);
    }
    for (std::size_t index = 0; index < state.links.size(); ++index) {
        add_unless_at_rest(bytes, index, state.links[index].mix);
    }
    for (std::size_t index = 0; index < state.services.size(); ++index) {
        const Door& door = state.services[index].door;
        if (!door.is_at_rest()) {
            bytes(index);
            Door::fields(door, bytes);
        }
    }
    for (const CallChange& change : state.call_changes) {
        bytes(change.link, static_cast<std::uint32_t>(change.artifact), change.version);
        CallHabit::fields(change.habit, bytes);
    }
    for (const FaultState& fault : state.fault_states) {
        if (fault.connections_left > 0) {
            bytes(fault.connections_left);
        }
    }
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
    state.hosts.resize(state.topology.hosts_count());
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
    add_rare_parts(bytes, state);
    return fnv1a(bytes.text);
}

}  // namespace homeostat::sim
