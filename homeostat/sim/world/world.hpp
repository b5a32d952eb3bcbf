#pragma once

// World: services under traffic, in ticks of 100 ms. Front door of the folder.
//
// Requests are flows: a queue is a number, a retry a rate. Each tick users' calls go down the links
// and are worked on, the outcomes go up one link per tick, and what nobody scripted (a queue longer
// than anybody waits, retries that keep it so, a cold cache that its source cannot fill) follows
// from that. docs/internals/simulator.md has the equations and what is left out.
//
// The same topology, seed and calls give the same bits on any x86-64: no function of libm but sqrt,
// no fused multiplication. A tick allocates nothing.
//
// Remedies are plain calls with the preconditions of the real actuators. Each may be repeated: what
// is so already is `done` again and no further effect. A call takes the id of the effect it is made
// for; an empty one is somebody else's doing.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/process_identity.hpp"
#include "homeostat/sim/world/fault.hpp"
#include "homeostat/sim/world/topology.hpp"
#include "homeostat/sim/world/views.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace homeostat::sim {

struct State;

/// A version swap that happened, by a rollout or by a remedy.
struct VersionChange {
    ServiceIndex service{0};
    Artifact artifact{Artifact::deploy};
    VersionId from;
    VersionId to;
    EffectId effect;  ///< Empty: a rollout.
    Tick at{0};
};

class World {
  public:
    /// REQUIRES: `check(topology)` passes. Everything runs, is warm and has stood for an hour.
    World(Topology topology, std::uint64_t seed, Instant begins_at = instant_of_ns(0));
    ~World();
    World(World&&) noexcept;
    World& operator=(World&&) noexcept;
    World(const World& other);  ///< A second world that goes on alike: what if?
    World& operator=(const World&) = delete;

    /// 100 ms pass.
    void tick();
    void run(Tick ticks_count);
    /// What chance brings from now on is drawn from another seed: another future of this world.
    void reseed(std::uint64_t seed);
    /// The fault begins at its `begins_at`, or with the next tick.
    void add(const InjectedFault& fault);

    // --- What is so ------------------------------------------------------------------------------
    [[nodiscard]] const Topology& topology() const;
    [[nodiscard]] Tick ticks_count() const;
    [[nodiscard]] Instant now() const;
    [[nodiscard]] Instant instant_of(Tick tick) const;
    [[nodiscard]] ReplicaView replica(ReplicaIndex replica) const;
    [[nodiscard]] ServiceView service(ServiceIndex service) const;
    [[nodiscard]] LinkView link(LinkIndex link) const;
    [[nodiscard]] CacheView cache(CacheIndex cache) const;
    [[nodiscard]] HostView host(HostIndex host) const;
    [[nodiscard]] const Tally& tally() const;                     ///< Of all users.
    [[nodiscard]] std::span<const InjectedFault> faults() const;  ///< All that were added.
    [[nodiscard]] std::span<const Effect> effects() const;        ///< In the order they happened.
    [[nodiscard]] std::span<const VersionChange> version_changes() const;
    /// FNV-1a of everything that decides what happens next.
    [[nodiscard]] std::uint64_t digest() const;
    /// Time within which a share of the answers of a service came, of those in the last tick.
    /// UNITS: ms; share in (0, 1).
    [[nodiscard]] double latency_ms(ServiceIndex service, double share) const;
    /// The same of one replica. 0: it takes no requests.
    [[nodiscard]] double replica_latency_ms(ReplicaIndex replica, double share) const;
    /// The same of a link's calls, those that its cache or circuit answered included.
    [[nodiscard]] double link_latency_ms(LinkIndex link, double share) const;
    /// Alive, answering, reachable, wanted and in rotation.
    [[nodiscard]] bool is_serving(ReplicaIndex replica) const;
    /// That runs there; pid 0: none does.
    [[nodiscard]] ProcessIdentity process(ReplicaIndex replica) const;

    // --- What can be done ------------------------------------------------------------------------
    /// Ends the process, if there is one, and starts one in its place. Refused: another process
    /// than `expected` runs there (pid 0: none is expected), a version is not present. Of a spare:
    /// it is wanted from then on.
    Outcome replace(ReplicaIndex replica,
                    const ProcessIdentity& expected,
                    const PerArtifact<VersionId>& versions,
                    const EffectId& effect);
    /// The same with what runs there and what is current.
    Outcome restart(ReplicaIndex replica, const EffectId& effect);
    /// Only ends it. Of a spare: it is none that is wanted any more.
    Outcome stop(ReplicaIndex replica, const ProcessIdentity& expected, const EffectId& effect);
    Outcome drain(ReplicaIndex replica, const EffectId& effect);
    Outcome undrain(ReplicaIndex replica, const EffectId& effect);
    /// Of every link to `neighbour` that has a circuit. Opened again: it lasts from now. Refused:
    /// no link has one.
    Outcome set_circuit(ServiceIndex neighbour, bool is_open, const EffectId& effect);
    /// Drops all copies: reads meet the source until it is filled again.
    Outcome invalidate(CacheIndex cache, const EffectId& effect);
    Outcome set_route(CacheIndex cache, bool is_to_source, const EffectId& effect);
    /// What a new process will run; the running ones go on. Refused: `from` is not current, `to` is
    /// not present. A rollout under way of another version ends.
    Outcome swap_version(ServiceIndex service,
                         Artifact artifact,
                         const VersionId& from,
                         const VersionId& to,
                         const EffectId& effect);
    /// The edge turns a share of the attempts away at once. Zero: none.
    Outcome shed(ServiceIndex service, double share, const EffectId& effect);
    /// A person's doing; no remedy of ours.
    Outcome set_flag(ServiceIndex service, bool is_on, const EffectId& effect);
    /// A person's doing too: puts the cause right, so that the fault ends with the next tick. What
    /// a version, or a process, has of it stays. One that has not begun never does. REQUIRES: an
    /// index of `faults()`.
    void mend(std::size_t fault);

  private:
    std::unique_ptr<State> state_;
};

}  // namespace homeostat::sim
