#include "homeostat/sim/cases/trials.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace homeostat::sim::cases {

namespace {

constexpr double drains_s = 1;       ///< What is being worked on has its end.
constexpr double starts_s_max = 15;  ///< Then the next one, whatever became of this.

[[nodiscard]] EffectId effect() {
    return EffectId("i-1.e1");
}

struct Span {
    ReplicaIndex first;
    ReplicaIndex end;
};

[[nodiscard]] Span replicas_of(const World& world, ServiceIndex index) {
    const ReplicaIndex first = world.topology().first_replica(index);
    const ServiceSpec& spec = world.topology().services[index];
    return {first, first + spec.replicas_count + spec.spares_count};
}

/// What an observer can tell of a replica; two with the same are alike.
[[nodiscard]] auto look_of(const World& world, ReplicaIndex index, double best_ms) {
    const ReplicaView view = world.replica(index);
    const bool is_slow = world.replica_latency_ms(index, 0.5) > 2 * best_ms;
    const bool is_failing = view.failed + view.timed_out > 0.05 * view.offered;
    return std::tuple(view.is_alive, view.is_answering, view.is_reachable, view.rotation, is_slow,
                      is_failing, static_cast<int>(view.memory_mb / 64),
                      static_cast<int>(view.connections_lost / 4), view.versions.deploy.text(),
                      view.versions.config.text());
}

[[nodiscard]] std::vector<std::vector<ReplicaIndex>> groups_alike(const World& world,
                                                                  ServiceIndex service) {
    const auto [first, end] = replicas_of(world, service);
    double best_ms = 1e9;
    for (ReplicaIndex at = first; at < end; ++at) {
        const double ms = world.replica_latency_ms(at, 0.5);
        best_ms = ms > 0 ? std::min(best_ms, ms) : best_ms;
    }
    std::vector<std::pair<decltype(look_of(world, first, best_ms)), std::vector<ReplicaIndex>>>
        groups;
    for (ReplicaIndex at = first; at < end; ++at) {
        if (!world.replica(at).is_wanted) {
            continue;  // A spare that nobody started.
        }
        const auto look = look_of(world, at, best_ms);
        const auto found =
            std::ranges::find_if(groups, [&](const auto& group) { return group.first == look; });
        if (found == groups.end()) {
            groups.push_back({look, {at}});
        } else {
            found->second.push_back(at);
        }
    }
    std::vector<std::vector<ReplicaIndex>> alike;
    for (auto& [look, replicas] : groups) {
        alike.push_back(std::move(replicas));
    }
    return alike;
}

[[nodiscard]] bool has_circuit(const Topology& topology, ServiceIndex service) {
    return std::ranges::any_of(topology.links, [&](const LinkSpec& link) {
        return link.target == service && link.caller != none && link.has_circuit;
    });
}

void add_trials_at(const World& world, ServiceIndex service, std::vector<Trial>& trials) {
    for (const std::vector<ReplicaIndex>& replicas : groups_alike(world, service)) {
        trials.push_back({.kind = TrialKind::restart, .target = service, .replicas = replicas});
        trials.push_back({.kind = TrialKind::eject, .target = service, .replicas = replicas});
    }
    trials.push_back({.kind = TrialKind::rolling_restart, .target = service});
    for (const Artifact artifact : artifacts_started) {
        if (const std::optional<VersionId> to = previous_version(world, service, artifact)) {
            trials.push_back(
                {.kind = TrialKind::rollback, .target = service, .artifact = artifact, .to = *to});
        }
    }
    const ServiceSpec& spec = world.topology().services[service];
    if (spec.spares_count > 0) {
        trials.push_back({.kind = TrialKind::scale,
                          .target = service,
                          .replicas_count = spec.replicas_count + spec.spares_count});
    }
    if (has_circuit(world.topology(), service)) {
        trials.push_back({.kind = TrialKind::open_circuit, .target = service});
    }
}

void run_to(World& world, Tick tick) {
    if (tick > world.ticks_count()) {
        world.run(tick - world.ticks_count());
    }
}

/// Drains it, starts it anew and puts it back when it answers.
void restart_one(World& world, ReplicaIndex replica, Tick ends_at) {
    const bool drains =
        world.process(replica).pid != 0 && world.replica(replica).rotation != Rotation::draining;
    if (drains) {
        (void)world.drain(replica, effect());
        run_to(world, std::min(ends_at, world.ticks_count() + ticks_of(drains_s)));
    }
    (void)world.restart(replica, effect());
    const Tick latest = std::min(ends_at, world.ticks_count() + ticks_of(starts_s_max));
    while (world.ticks_count() < latest && !world.replica(replica).is_answering) {
        world.tick();
    }
    if (drains) {
        (void)world.undrain(replica, effect());
    }
}

void restart_in_turn(World& world, std::span<const ReplicaIndex> replicas, Tick ends_at) {
    for (const ReplicaIndex replica : replicas) {
        if (world.ticks_count() < ends_at) {
            restart_one(world, replica, ends_at);
        }
    }
}

[[nodiscard]] std::vector<ReplicaIndex> wanted_replicas(const World& world, ServiceIndex service) {
    std::vector<ReplicaIndex> wanted;
    const auto [first, end] = replicas_of(world, service);
    for (ReplicaIndex at = first; at < end; ++at) {
        if (world.replica(at).is_wanted) {
            wanted.push_back(at);
        }
    }
    return wanted;
}

void roll_back(World& world, const Trial& trial, Tick ends_at) {
    const VersionId from = world.service(trial.target).current[trial.artifact];
    (void)world.swap_version(trial.target, trial.artifact, from, trial.to, effect());
    std::vector<ReplicaIndex> others = wanted_replicas(world, trial.target);
    std::erase_if(others, [&](ReplicaIndex replica) {
        const ReplicaView view = world.replica(replica);
        return view.is_alive && view.versions[trial.artifact] == trial.to;
    });
    restart_in_turn(world, others, ends_at);
}

void scale_up(World& world, ServiceIndex service) {
    const auto [first, end] = replicas_of(world, service);
    for (ReplicaIndex at = first; at < end; ++at) {
        if (!world.replica(at).is_wanted) {
            (void)world.restart(at, effect());
        }
    }
}

}  // namespace

bool is_about_cache(TrialKind kind) {
    return kind == TrialKind::invalidate_cache || kind == TrialKind::reroute;
}

std::optional<VersionId> previous_version(const World& world,
                                          ServiceIndex service,
                                          Artifact artifact) {
    std::optional<VersionId> from;
    for (const VersionChange& change : world.version_changes()) {
        if (change.service == service && change.artifact == artifact) {
            from = change.from;
        }
    }
    const PerArtifact<std::uint32_t>& older = world.topology().services[service].older_versions;
    if (!from && older[artifact] > 0) {
        // From before the world began: "v3" when "v4" is current.
        const char letter = world.service(service).current[artifact].text().front();
        from = VersionId(letter + std::to_string(older[artifact]));
    }
    return from;
}

std::vector<Trial> trials_at(const World& world,
                             std::span<const ServiceIndex> services,
                             std::span<const CacheIndex> caches) {
    std::vector<Trial> trials{{.kind = TrialKind::observe}, {.kind = TrialKind::escalate}};
    for (const ServiceIndex service : services) {
        add_trials_at(world, service, trials);
    }
    for (const CacheIndex cache : caches) {
        trials.push_back({.kind = TrialKind::invalidate_cache, .target = cache});
        if (world.topology().caches[cache].has_reroute) {
            trials.push_back({.kind = TrialKind::reroute, .target = cache});
        }
    }
    return trials;
}

void carry_out(World& world, const Trial& trial, Tick ends_at) {
    switch (trial.kind) {
        case TrialKind::observe:
        case TrialKind::escalate:
            return;
        case TrialKind::restart:
            return restart_one(world, trial.replicas.front(), ends_at);
        case TrialKind::rolling_restart:
            return restart_in_turn(world, wanted_replicas(world, trial.target), ends_at);
        case TrialKind::rollback:
            return roll_back(world, trial, ends_at);
        case TrialKind::scale:
            return scale_up(world, trial.target);
        case TrialKind::eject:
            (void)world.drain(trial.replicas.front(), effect());
            return;
        case TrialKind::open_circuit:
            (void)world.set_circuit(trial.target, true, effect());
            return;
        case TrialKind::invalidate_cache:
            (void)world.invalidate(trial.target, effect());
            return;
        case TrialKind::reroute:
            (void)world.set_route(trial.target, true, effect());
            return;
    }
}

}  // namespace homeostat::sim::cases
