#pragma once

// Views: what can be seen of the world now. Values, made when asked for.
//
// Rates are per tick of 100 ms and fractions of requests are normal: a flow has no single requests.
//
// Pure. Values only.

#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/process_identity.hpp"
#include "homeostat/domain/reading.hpp"
#include "homeostat/sim/world/fault.hpp"
#include "homeostat/sim/world/topology.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace homeostat::sim {

struct ReplicaView {
    bool is_spare{false};
    bool is_wanted{true};             ///< No spare, or one that was started.
    bool is_alive{false};             ///< A process runs there.
    bool is_answering{false};         ///< The health endpoint says 200 within a second.
    bool is_reachable{true};          ///< False: its zone is cut off, or its host is lost.
    ProcessIdentity identity;         ///< Of the process, or of the last one.
    PerArtifact<VersionId> versions;  ///< What the process runs: "v1", "c1".
    EffectId effect;                  ///< That started it; empty if none of ours did.
    Tick started_at{0};
    std::optional<int> exit_status;  ///< As waitpid gives it; 137 << 0 for SIGKILL is 9.
    std::uint32_t starts_count{0};
    Rotation rotation{Rotation::unknown};
    Tick rotation_since{0};  ///< Of its last change, checks included.
    double memory_mb{0};
    double cpu_ratio{0};     ///< Of one core, in the last tick.
    double cpu_total_s{0};   ///< Of the process.
    double queue_length{0};  ///< Waiting, beside those being worked on.
    double busy_workers{0};
    double connections_lost{0};
    double offered{0};  ///< In the last tick: attempts that reached it or tried to.
    double served{0};   ///< That got a good answer in time.
    double failed{0};   ///< 5xx: refused by a full queue, errors, no connection.
    double timed_out{0};
    double refused{0};           ///< Of the failed: no connection, or turned away at once.
    double open_descriptors{0};  ///< Of `ServiceSpec::descriptors_max`.
    double pool_in_use{0};       ///< Of `LinkSpec::connections_max`.
    double disk_used_share{0};
    HostIndex host{0};
    EdgeCounters counters;  ///< As the edge keeps them; they never start again.
};

struct ServiceView {
    double offered{0};  ///< In the last tick, attempts of all callers.
    double served{0};
    double failed{0};
    double timed_out{0};
    double retries{0};           ///< Of the attempts, such as are no first ones.
    double shed{0};              ///< Of the failed, such as the edge turned away by our order.
    double denied{0};            ///< Of the failed, such as got no connection or were not known.
    double misled_share{0};      ///< Of the answers: with a 200, and wrong.
    double connections_kept{0};  ///< By its callers' processes, of those it accepts.
    double latency_mean_ms{0};
    std::uint32_t in_rotation_count{0};
    std::uint32_t answering_count{0};
    EdgeCounters counters;
    PerArtifact<VersionId> current;             ///< What a new process would run.
    PerArtifact<std::uint32_t> versions_count;  ///< "v1" to "vN" are present.
    bool is_flag_on{false};
    bool is_rolling_out{false};
};

struct LinkView {
    bool is_circuit_open{false};
    Tick circuit_closes_at{0};
    double calls{0};          ///< In the last tick, first tries, without those the circuit took.
    double attempts{0};       ///< With retries; without those that a cache answered.
    double failed{0};         ///< Of the attempts: 5xx, refused.
    double timed_out{0};      ///< Of the attempts.
    double call_ms{0};        ///< Mean time until a call had its end, all tries.
    double failing_share{0};  ///< Of the calls, after retries.
};

struct CacheView {
    bool is_answering{true};
    bool is_rerouted{false};
    Tick route_ends_at{0};
    std::uint64_t generation{0};  ///< One more with each invalidation.
    double filled_share{0};       ///< Of the keys.
    double stale_share{0};        ///< Of the keys: copies that are not what the source says.
    double hit_ratio{0};          ///< Of the reads in the last tick.
    double age_s{0};              ///< Mean, of the copies.
    double evicted{0};            ///< Copies that have become too old, in a tick.
};

struct HostView {
    bool is_reachable{true};
    double cpu_ratio{0};  ///< Of all cores, what others take included.
    double clock_offset_s{0};
    std::uint32_t processes_count{0};  ///< Ours, that run there.
};

/// What users got since the world began: each request counts once, retries and all.
struct Tally {
    double requests{0};
    double failed{0};    ///< No good answer, however often it was tried.
    double slow{0};      ///< A good one, later than promised.
    double misled{0};    ///< A good one, made of stale copies.
    double degraded{0};  ///< Loss of quality by fallbacks: 0.3 for an answer of quality 0.7.

    [[nodiscard]] double good() const { return requests - failed - slow; }
    /// What a remedy is measured by.
    [[nodiscard]] double cost() const { return failed + slow + misled + degraded; }

    friend Tally operator-(const Tally& after, const Tally& before) {
        return {after.requests - before.requests, after.failed - before.failed,
                after.slow - before.slow, after.misled - before.misled,
                after.degraded - before.degraded};
    }
};

/// What changed at a target, whoever asked for it. The referee reads these, never our records.
enum class EffectKind : std::uint8_t {
    process_ended,
    process_started,
    drained,
    undrained,
    circuit_opened,
    circuit_closed,
    rerouted,
    routed_back,
    invalidated,
    version_swapped,
    config_swapped,
    shed,
    flag_set,
};

constexpr auto names_of(std::type_identity<EffectKind>) {
    return std::to_array<std::string_view>(
        {"process_ended", "process_started", "drained", "undrained", "circuit_opened",
         "circuit_closed", "rerouted", "routed_back", "invalidated", "version_swapped",
         "config_swapped", "shed", "flag_set"});
}

struct Effect {
    EffectId id;  ///< The caller's; empty: nobody's (a crash, a rollout, an expiry, a supervisor).
    EffectKind kind{EffectKind::process_ended};
    std::uint32_t target{none};  ///< Replica, service, link or cache, as the kind says.
    Tick at{0};
    friend bool operator==(const Effect&, const Effect&) = default;
};

}  // namespace homeostat::sim
