#pragma once

// State: all that changes in a world, flat. Internal to the folder.
//
// Whatever a tick reads or writes lies in these arrays; `fields` lists what the digest takes.
// Times are ms, flows are requests per tick, shares are 0 to 1.
//
// Pure. Values only.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/world/call_state.hpp"
#include "homeostat/sim/world/fault.hpp"
#include "homeostat/sim/world/replica_state.hpp"
#include "homeostat/sim/world/topology.hpp"
#include "homeostat/sim/world/views.hpp"
#include "homeostat/sim/world/world.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace homeostat::sim {

constexpr double tick_ms = 100;
constexpr double fallback_ms = 0.5;         ///< The edge answers itself.
constexpr double refusal_ms = 1;            ///< A full queue, or a dead process, says no at once.
constexpr std::uint32_t versions_max = 16;  ///< Of one artifact of one service.
constexpr double edge_answers_max = 1'024;  ///< The edge's mean is over so many. SOURCE: HAProxy.

struct ServiceState {
    ReplicaIndex first{0};
    ReplicaIndex end{0};
    LinkIndex links_first{0};
    LinkIndex links_end{0};
    std::uint32_t wait_power{1};  ///< Of the load, in the waiting time of a queue with workers.
    double slow_ms{0};            ///< What users are promised; zero: no users.
    // Versions, by Artifact; "v1" is at index 1.
    std::array<std::uint32_t, 2> current{1, 1};
    std::array<std::uint32_t, 2> versions_count{1, 1};
    std::array<std::uint32_t, 2> rolling_to{0, 0};  ///< 0: no rollout.
    std::array<std::array<Traits, versions_max + 1>, 2> traits{};
    Traits flag;
    bool is_flag_on{false};
    // What faults and orders make of it.
    double loss_share{0};
    double shed_share{0};
    Door door;
    // The flow.
    double inbound{0};
    double inbound_retries{0};
    double calls_ms{0};       ///< What a request waits for its dependencies.
    double calls_failing{0};  ///< Share of the requests that fail with one of them.
    double pool_ms{0};        ///< What a request holds a pooled connection.
    double pool_max{0};
    double offered{0};
    double retried{0};
    double shed{0};
    double served_share{0};
    double failed_share{0};
    double late_share{0};
    double slow_share{0};  ///< Served, but after `slow_ms`.
    double attempt_ms{0};  ///< Mean until an attempt ends, however.
    double answer_ms{0};   ///< Mean of those that were answered.
    double misled_share{0};
    double degraded{0};
    double requests_total{0};
    double errors_total{0};
    double retries_total{0};
    double edge_mean_ms{0};

    static void fields(auto& self, auto&& field) {
        field(self.current, self.versions_count, self.rolling_to, self.is_flag_on, self.loss_share,
              self.shed_share);
        Traits::fields(self.flag, field);
        for (auto& artifact : self.traits) {
            for (auto& version : artifact) {
                Traits::fields(version, field);
            }
        }
        field(self.inbound, self.inbound_retries, self.calls_ms, self.calls_failing, self.pool_ms,
              self.pool_max, self.offered, self.retried, self.shed, self.served_share,
              self.failed_share, self.late_share, self.slow_share);
        field(self.attempt_ms, self.answer_ms, self.misled_share, self.degraded,
              self.requests_total, self.errors_total, self.retries_total, self.edge_mean_ms);
    }
};

struct LinkState {
    Tick circuit_closes_at{0};
    bool is_circuit_open{false};
    double failing_seen{0};  ///< Share of the attempts, as of late.
    double retries_per_try{0};
    double calls{0};
    double attempts{0};
    double call_ms{0};
    double failing_share{0};
    double misled_share{0};
    double degraded{0};
    CallMix mix;

    static void fields(auto& self, auto&& field) {
        field(self.circuit_closes_at, self.is_circuit_open, self.failing_seen, self.retries_per_try,
              self.calls, self.attempts, self.call_ms, self.failing_share, self.misled_share,
              self.degraded);
    }
};

struct CacheState {
    bool is_lost{false};
    bool is_written_wrong{false};
    bool is_rerouted{false};
    Tick route_ends_at{0};
    std::uint64_t generation{0};
    double filled{1};
    double stale{0};
    double age_s{0};
    double hit_share{0};
    double misses{0};  ///< Whole ones of this tick, those that a copy could be made of.

    static void fields(auto& self, auto&& field) {
        field(self.is_lost, self.is_written_wrong, self.is_rerouted, self.route_ends_at,
              self.generation, self.filled, self.stale, self.age_s, self.hit_share, self.misses);
    }
};

/// What is so on a host, for all that runs there.
struct HostState {
    double clock_offset_s{0};
    double taken_share{0};  ///< Of its processors, by others.
    bool is_lost{false};
};

/// A fault, and how far it has come.
struct FaultState {
    bool has_begun{false};
    bool has_ended{false};
    double connections_left{0};  ///< connection_limit: a share of what was kept as it began.
};

struct State {
    Topology topology;
    Instant begins_at;
    Tick now{0};
    std::int32_t pid_last{1'000};
    bool are_causes_old{true};  ///< A version, a flag or a fault has changed.
    bool are_doors_old{true};   ///< A process has begun or ended, or a cause has changed.
    std::vector<ReplicaState> replicas;
    std::vector<EffectId> started_by;  ///< By replica.
    std::vector<ServiceState> services;
    std::vector<LinkState> links;
    std::vector<CacheState> caches;
    std::vector<HostState> hosts;
    std::vector<CallChange> call_changes;  ///< By versions that rolled out.
    bool are_calls_mixed{false};           ///< Some link's `mix` is not at rest.
    std::vector<Rng> traffic_rngs;
    std::vector<double> surges;  ///< By traffic: how many times as often users come.
    std::vector<InjectedFault> faults;
    std::vector<FaultState> fault_states;
    std::vector<Effect> effects;
    std::vector<VersionChange> version_changes;
    Tally tally;
};

// Between the parts of the folder.

void begin_and_end_faults(State& state);
void renew_causes(State& state);
void end_process(State& state, ReplicaIndex replica, int exit_status, const EffectId& effect);
void start_process(State& state, ReplicaIndex replica, const EffectId& effect);
void swap_current(State& state,
                  ServiceIndex service,
                  Artifact artifact,
                  std::uint32_t to,
                  const EffectId& effect);
void empty_cache(CacheState& cache);
void pass_processes(State& state);
void pass_edge(State& state);
void pass_flow(State& state);
/// How each link is used in this tick, and whom its target lets in.
void mix_calls(State& state);
[[nodiscard]] AttemptsFate fate_of(const State& state, LinkIndex link);
/// What the processes of its callers keep open to a service.
[[nodiscard]] double connections_kept(const State& state, ServiceIndex service);
[[nodiscard]] double busy_workers(const ReplicaState& replica);
[[nodiscard]] ProcessIdentity identity_of(const State& state, const ReplicaState& replica);
[[nodiscard]] VersionId version_id(Artifact artifact, std::uint32_t number);

}  // namespace homeostat::sim
