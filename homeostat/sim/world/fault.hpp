#pragma once

// InjectedFault: what breaks in the world, from when and until when.
//
// A fault sets causes (a replica is slow, a copy is wrong), never symptoms: what users meet follows
// from the flows. What cures it is said here for those who make cases; `fault_remedy_test.cpp`
// holds the world to it.
//
// Pure. Values only.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/world/topology.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::sim {

using Tick = std::uint64_t;  ///< 100 ms each; the world begins at 0.
constexpr Tick never = ~Tick{0};
constexpr std::uint32_t every_replica = none;

[[nodiscard]] constexpr Tick ticks_of(double seconds) {
    return static_cast<Tick>(seconds * ticks_per_second);
}

/// `strength` means what is said here; a fault ends at `ends_at`, or with its cure.
enum class FaultKind : std::uint8_t {
    nothing,          ///< There is no fault.
    crash,            ///< The process ends, once. Cure: start it.
    crash_loop,       ///< Each process there ends after `strength` s. Cure: none; eject.
    hang,             ///< The process answers nobody. Cure: restart.
    leak,             ///< Memory grows by `strength` MB per s. Restart helps for a while.
    bad_deploy,       ///< A new version rolls out; a share `strength` of its answers is 5xx.
    slow_deploy,      ///< A new version rolls out that is `strength` times slower.
    innocent_deploy,  ///< A new version rolls out, as good as the one before.
    bad_config,       ///< A new configuration rolls out that leaves 1/`strength` of the workers.
    bad_flag,         ///< A flag is on: a share `strength` is 5xx. Cure: a person turns it off.
    slow_service,     ///< All of it is `strength` times slower, whatever runs. Circuit helps.
    failing_service,  ///< A share `strength` is 5xx, whatever runs. Circuit helps.
    surge,            ///< Users come `strength` times as often. Cure: scale.
    stale_copies,     ///< A share `strength` of the copies in a cache is wrong. Cure: invalidate.
    stale_writer,     ///< Copies are written wrong while it lasts. Reroute helps.
    cache_loss,       ///< The cache answers nobody; all reads go to the source.
    mass_restart,     ///< All processes of a service are new at once; local caches are empty.
    zone_loss,        ///< What runs in zone `replica` cannot be reached.
    noisy_neighbour,  ///< One replica's host is `strength` times slower. Cure: eject.
    pool_leak,        ///< A process loses `strength` connections per s. Restart helps for a while.
    packet_loss,      ///< A share `strength` of the packets to a service is lost.
    // `draw_fault` draws none of those from here on.
    /// A share `strength` of a process's workers gets stuck per s, its health endpoint answers all
    /// the same. Restart helps for a while; eject.
    deadlock,
    /// Each request leaves `strength` descriptors open; without one the process accepts nobody.
    /// Restart helps for a while; scale gains time.
    fd_exhaustion,
    /// A new configuration of a caller rolls out: `strength` attempts without a budget, each given
    /// up early; and what it calls is a little slower. Cure: roll the configuration back; circuit.
    retry_storm,
    /// A share that grows to `strength` of the requests has one key, which lives on one replica.
    /// Cure: a person splits the key. Another replica only gets it in its place.
    hot_key,
    cold_cache,  ///< A cache has lost all copies. It fills by itself where the source carries it.
    /// A share `strength` of a service's answers is wrong, with a 200. Circuit helps.
    lying_dependency,
    /// All processes on a host end, and it cannot be reached. Scale helps; a host that is back runs
    /// nothing until somebody starts it.
    node_loss,
    /// Every new call to a service fails. Circuit helps; a person renews it.
    expired_certificate,
    /// A new configuration of a caller rolls out, and one dependency turns away all calls of those
    /// that run it. Cure: roll the caller's configuration back; circuit.
    bad_credentials,
    /// A host's clock is off by `strength` s: others refuse what has been signed there, and is
    /// valid for a minute. Eject helps; a person sets it.
    clock_skew,
    /// A replica's volume fills by 5 % per s; from then on a share `strength`, those that write, is
    /// 5xx. Eject helps; a person makes room.
    disk_full,
    /// A share `strength` of a store is wrong: half of it is found out, and a 5xx, half misleads.
    /// Circuit helps; a person restores it.
    data_corruption,
    /// A new version of one caller rolls out whose calls are `strength` times as much work for one
    /// dependency, so that it looks guilty. Cure: roll the caller back; circuit.
    slow_query,
    /// A dependency has a share `strength` left of the connections that its callers' processes
    /// keep. More processes of a caller make it worse. Circuit helps; a person ends who has the
    /// others.
    connection_limit,
};

constexpr auto names_of(std::type_identity<FaultKind>) {
    return std::to_array<std::string_view>({"nothing",
                                            "crash",
                                            "crash_loop",
                                            "hang",
                                            "leak",
                                            "bad_deploy",
                                            "slow_deploy",
                                            "innocent_deploy",
                                            "bad_config",
                                            "bad_flag",
                                            "slow_service",
                                            "failing_service",
                                            "surge",
                                            "stale_copies",
                                            "stale_writer",
                                            "cache_loss",
                                            "mass_restart",
                                            "zone_loss",
                                            "noisy_neighbour",
                                            "pool_leak",
                                            "packet_loss",
                                            "deadlock",
                                            "fd_exhaustion",
                                            "retry_storm",
                                            "hot_key",
                                            "cold_cache",
                                            "lying_dependency",
                                            "node_loss",
                                            "expired_certificate",
                                            "bad_credentials",
                                            "clock_skew",
                                            "disk_full",
                                            "data_corruption",
                                            "slow_query",
                                            "connection_limit"});
}
constexpr std::size_t fault_kinds_count = names_of(std::type_identity<FaultKind>{}).size();

struct InjectedFault {
    FaultKind kind{FaultKind::nothing};
    ServiceIndex service{0};
    /// Of that service; `every_replica` where the kind allows it. zone_loss: the zone. Those about
    /// a cache: its CacheIndex; about a host: its HostIndex; about the calls of `service` to one
    /// dependency (retry_storm, bad_credentials, slow_query): the LinkIndex.
    std::uint32_t replica{every_replica};
    double strength{0};
    Tick begins_at{0};
    Tick ends_at{never};

    [[nodiscard]] bool is_on(Tick now) const { return begins_at <= now && now < ends_at; }
    friend bool operator==(const InjectedFault&, const InjectedFault&) = default;
};

/// A strength at which the kind is felt and not the end of everything.
[[nodiscard]] double usual_strength(FaultKind kind);

/// "leak of 20 in payments-0 from 30.0 s", for people.
[[nodiscard]] std::string describe(const InjectedFault& fault, const Topology& topology);

/// Whether it may end by itself, without any cure.
[[nodiscard]] bool may_heal(FaultKind kind);

/// Whether the topology has what the kind needs, as a cache.
[[nodiscard]] bool can_have(const Topology& topology, FaultKind kind);

/// One of the first kinds, to packet_loss, that this topology can have, from 20 s to 40 s on. A
/// third of those that may end by themselves do so, after 5 s to 120 s.
[[nodiscard]] InjectedFault draw_fault(Rng& rng, const Topology& topology);

/// The same of any kind. `nothing` if the topology cannot have it.
[[nodiscard]] InjectedFault draw_fault_of(Rng& rng, const Topology& topology, FaultKind kind);

}  // namespace homeostat::sim
