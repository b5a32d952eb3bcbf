#pragma once

// Topology: which services there are, who calls whom, and what each can carry. The world's fixed
// part: nothing here changes while it runs.
//
// Services stand in the order of their calls: a caller before those that it calls, so there is no
// circle. Everything is addressed by index; the names are for records, and `payments-0` is the
// first replica of `payments`.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"
#include "homeostat/base/rng.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/ids.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::sim {

using ServiceIndex = std::uint32_t;
using ReplicaIndex = std::uint32_t;  ///< Over all services; those of one stand together.
using LinkIndex = std::uint32_t;
using CacheIndex = std::uint32_t;
using HostIndex = std::uint32_t;
constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

constexpr std::uint32_t services_max = 64;
constexpr std::uint32_t replicas_per_service_max = 32;  ///< Spares included.
constexpr double descriptors_base =
    24;  ///< Of a process that does nothing: logs, libraries, sockets.
constexpr double disk_used_at_rest = 0.4;  ///< Of a replica's volume.
constexpr double ticks_per_second = 10;
constexpr double seconds_per_tick = 1 / ticks_per_second;

/// What a service is to an operator. The physics is in the numbers; the draws follow the kind.
/// Caches stand in front of links, see `CacheSpec`.
enum class ServiceKind : std::uint8_t {
    service,
    gateway,   ///< Takes what users ask, and does little itself.
    queue,     ///< Takes messages; who sends one does not wait for what comes of it.
    database,  ///< Has a store, calls nobody, and accepts only so many connections.
};

constexpr auto names_of(std::type_identity<ServiceKind>) {
    return std::to_array<std::string_view>({"service", "gateway", "queue", "database"});
}

struct ServiceSpec {
    std::string name;
    ServiceKind kind{ServiceKind::service};
    std::uint32_t replicas_count{3};
    std::uint32_t spares_count{0};  ///< Further ones that run once somebody starts them.
    std::uint32_t workers{16};      ///< Requests that one replica works on at the same time.
    double own_time_ms{25};         ///< Mean time of a request in the service itself.
    double cpu_share{0.2};          ///< Of that time, how much is spent on a processor.
    double queue_max{64};           ///< Requests that may wait at one replica; more get a 5xx.
    double timeout_ms{1'000};       ///< So long callers, and the edge, wait for an answer.
    bool drops_expired{false};      ///< It turns away what would be late. Few do so.
    double start_s{1};              ///< From a new process to its first answer.
    double warm_up_s{5};            ///< After that, until it is as fast as it gets.
    double cold_factor{2};          ///< So many times slower is its first answer. One: no warm-up.
    double memory_base_mb{80};
    double memory_max_mb{512};          ///< Then the kernel ends it.
    bool is_stalled_by_memory{false};   ///< It hangs instead.
    double restarts_itself_after_s{0};  ///< A supervisor starts what has ended. Zero: nobody does.
    /// The edge takes a replica out by itself while so large a share of its answers is 5xx, as long
    /// as half of the others are left. Zero: never.
    double outlier_error_share{0};
    double descriptors_max{1'024};  ///< Of one process. Enough for its workers, unless some leak.
    double connections_max{0};      ///< That it accepts from its callers' processes. Zero: any.
    PerArtifact<std::uint32_t> older_versions;  ///< That were current before the world began.
};

/// Who calls whom. `caller` none: users, through the edge.
struct LinkSpec {
    ServiceIndex caller{none};
    ServiceIndex target{0};
    double calls_per_request{1};    ///< Users: ignored.
    std::uint32_t attempts_max{2};  ///< Tries of one call. One: no retries.
    double retry_budget{0};         ///< Retries per first try at most. Zero: no budget at all.
    bool is_required{true};         ///< Its failure is the caller's; else the answer is poorer.
    double fallback_quality{0.7};   ///< Of an answer given while the circuit is open: 0 to 1.
    bool has_circuit{true};         ///< The edge can answer instead of the target.
    double connections_max{0};      ///< Per replica of the caller. Zero: no pool.
    CacheIndex cache{none};         ///< Reads go through it; misses go to the target.
    bool is_awaited{true};          ///< Else the caller goes on at once. REQUIRES: not required.
};

/// Copies of what the target of a link says, in front of it.
struct CacheSpec {
    std::string name;
    double keys_count{1'000};    ///< Read equally often.
    double hit_share_max{0.95};  ///< Some reads can never be answered from it.
    double hit_ms{1};
    double lives_s{60};      ///< A copy is dropped after so long. Zero: never.
    double refreshes_s{0};   ///< A writer renews all copies within so long. Zero: none does.
    bool is_local{false};    ///< In the callers' processes: a new process begins with none.
    bool has_reroute{true};  ///< The edge can send reads to the source.
};

/// What users do. A wave of `swing` around `rate` with a period of a day; surges are faults.
struct TrafficSpec {
    LinkIndex link{0};  ///< One whose caller is none.
    double rate_per_s{200};
    double swing{0};            ///< Share of the rate: 0 to 1.
    double day_begins_at_s{0};  ///< Where in the day the world begins.
    double slow_ms{500};        ///< A later answer is a slow one: what users are promised.
    double burst_every_s{0};    ///< So often many come at once. Zero: never.
    double burst_for_s{10};
    double burst_factor{1};  ///< So many times as many.
};

struct Topology {
    std::vector<ServiceSpec> services;
    std::vector<LinkSpec> links;  ///< Ordered by caller, those of users last.
    std::vector<CacheSpec> caches;
    std::vector<TrafficSpec> traffic;  ///< One for each link of users.
    std::uint32_t zones_count{3};      ///< The i-th replica of a service is in zone i % zones.
    double circuit_lasts_s{150};       ///< Then it closes by itself; routes likewise.
    std::uint32_t hosts_per_zone{0};   ///< Which services share. Zero: each replica has its own.
    double host_cores{8};

    [[nodiscard]] ServiceIndex find_service(std::string_view name) const;  ///< `none`: not there.
    [[nodiscard]] CacheIndex find_cache(std::string_view name) const;      ///< Likewise.
    /// The first link from the one to the other.
    [[nodiscard]] LinkIndex find_link(ServiceIndex caller, ServiceIndex target) const;
    [[nodiscard]] ReplicaIndex first_replica(ServiceIndex service) const;
    [[nodiscard]] std::uint32_t replicas_count() const;  ///< Of all services, spares included.
    [[nodiscard]] ServiceIndex service_of(ReplicaIndex replica) const;
    [[nodiscard]] InstanceId instance_of(ReplicaIndex replica) const;  ///< "payments-0"
    [[nodiscard]] ReplicaIndex find_replica(const InstanceId& instance) const;
    [[nodiscard]] std::uint32_t hosts_count() const;
    [[nodiscard]] HostIndex host_of(ReplicaIndex replica) const;
    /// What a process of the caller keeps open to the target of a link: its pool, or one for each
    /// worker.
    [[nodiscard]] double connections_of(LinkIndex link) const;
};

/// ERRORS: invalid: names what does not fit. A world takes only what passes.
[[nodiscard]] Result<void> check(const Topology& topology);

/// The demo: users → payments ×3 (two spares) → fraud ×2, and → quotes (a cache) → rates ×1.
[[nodiscard]] Topology payment_gateway();

/// One that nobody wrote: 3 to `services_count_max` services, which carry their traffic with room.
[[nodiscard]] Topology draw_topology(Rng& rng, std::uint32_t services_count_max = 40);

/// One as an operator meets them: a gateway, services up to four calls deep, queues and databases;
/// 1 to 8 replicas in 1 to 3 zones on shared hosts; waves and bursts; older versions.
/// REQUIRES: 3 to 64 services at most.
[[nodiscard]] Topology draw_estate(Rng& rng, std::uint32_t services_count_max = 40);

/// Exactly so many services.
[[nodiscard]] Topology draw_topology_of(Rng& rng, std::uint32_t services_count);

}  // namespace homeostat::sim
