// What can be done to the world, with the preconditions of the real actuators.

#include "homeostat/base/ensure.hpp"
#include "homeostat/sim/world/state.hpp"
#include "homeostat/sim/world/world.hpp"

#include <algorithm>
#include <string>

namespace homeostat::sim {

namespace {

constexpr int exit_by_sigkill = 9;  ///< As waitpid gives it.

[[nodiscard]] Outcome done(std::string because = {}) {
    return {OutcomeKind::done, std::move(because)};
}

[[nodiscard]] Outcome refused(std::string because) {
    return {OutcomeKind::refused, std::move(because)};
}

/// The number of a version that is there: "v3" is 3. Empty: the current one. 0: not present.
[[nodiscard]] std::uint32_t number_of(const ServiceState& service,
                                      Artifact artifact,
                                      const VersionId& version) {
    const auto kind = static_cast<std::size_t>(artifact);
    if (version.empty()) {
        return service.current[kind];
    }
    for (std::uint32_t number = 1; number <= service.versions_count[kind]; ++number) {
        if (version_id(artifact, number) == version) {
            return number;
        }
    }
    return 0;
}

[[nodiscard]] Outcome check_process(const State& state,
                                    const ReplicaState& replica,
                                    const ProcessIdentity& expected) {
    if (!replica.is_reachable) {
        const bool is_lost = state.hosts[replica.host].is_lost;
        return refused(is_lost ? "its host is lost" : "its zone cannot be reached");
    }
    const ProcessIdentity present =
        replica.is_alive ? identity_of(state, replica) : ProcessIdentity{};
    return present == expected ? done() : refused("another process runs there");
}

}  // namespace

ProcessIdentity identity_of(const State& state, const ReplicaState& replica) {
    // The kernel counts in 10 ms, from a boot of its own.
    const auto began = static_cast<std::uint64_t>(to_ns(state.begins_at) / 10'000'000);
    return {replica.pid, replica.pid == 0 ? 0 : began + replica.started_at * 10};
}

Outcome World::replace(ReplicaIndex index,
                       const ProcessIdentity& expected,
                       const PerArtifact<VersionId>& versions,
                       const EffectId& effect) {
    State& state = *state_;
    ReplicaState& replica = state.replicas.at(index);
    const ServiceState& service = state.services[replica.service];
    const std::uint32_t deploy = number_of(service, Artifact::deploy, versions.deploy);
    const std::uint32_t config = number_of(service, Artifact::config, versions.config);
    if (deploy == 0 || config == 0) {
        return refused("there is no such version");
    }
    Outcome outcome = check_process(state, replica, expected);
    if (outcome.kind == OutcomeKind::done) {
        end_process(state, index, exit_by_sigkill, effect);
        start_process(state, index, effect);
        replica.versions = {deploy, config};
    }
    return outcome;
}

Outcome World::restart(ReplicaIndex index, const EffectId& effect) {
    const ReplicaState& replica = state_->replicas.at(index);
    const ProcessIdentity expected =
        replica.is_alive ? identity_of(*state_, replica) : ProcessIdentity{};
    return replace(index, expected, {}, effect);
}

Outcome World::stop(ReplicaIndex index, const ProcessIdentity& expected, const EffectId& effect) {
    State& state = *state_;
    ReplicaState& replica = state.replicas.at(index);
    Outcome outcome = check_process(state, replica, expected);
    if (outcome.kind == OutcomeKind::done) {
        end_process(state, index, 0, effect);
        replica.is_wanted = !replica.is_spare;
    }
    return outcome;
}

Outcome World::drain(ReplicaIndex index, const EffectId& effect) {
    ReplicaState& replica = state_->replicas.at(index);
    if (replica.is_drained) {
        return refused("somebody else has drained it already");
    }
    replica.is_drained = true;
    replica.rotation_since = state_->now;
    state_->effects.push_back({effect, EffectKind::drained, index, state_->now});
    return done();
}

Outcome World::undrain(ReplicaIndex index, const EffectId& effect) {
    ReplicaState& replica = state_->replicas.at(index);
    if (replica.is_drained) {
        replica.is_drained = false;
        replica.rotation_since = state_->now;
        state_->effects.push_back({effect, EffectKind::undrained, index, state_->now});
    }
    return done();
}

Outcome World::set_circuit(ServiceIndex neighbour, bool is_open, const EffectId& effect) {
    State& state = *state_;
    bool has_one = false;
    for (LinkIndex index = 0; index < state.links.size(); ++index) {
        const LinkSpec& spec = state.topology.links[index];
        if (spec.target != neighbour || !spec.has_circuit || spec.caller == none) {
            continue;
        }
        has_one = true;
        LinkState& link = state.links[index];
        if (is_open) {
            link.circuit_closes_at = state.now + ticks_of(state.topology.circuit_lasts_s);
        }
        if (link.is_circuit_open != is_open) {
            link.is_circuit_open = is_open;
            state.effects.push_back(
                {effect, is_open ? EffectKind::circuit_opened : EffectKind::circuit_closed, index,
                 state.now});
        }
    }
    return has_one ? done() : refused("nobody who calls it has a circuit");
}

Outcome World::invalidate(CacheIndex index, const EffectId& effect) {
    CacheState& cache = state_->caches.at(index);
    if (cache.is_lost) {
        return refused("the cache does not answer");
    }
    if (cache.filled > 0) {
        empty_cache(cache);
        cache.generation += 1;
        state_->effects.push_back({effect, EffectKind::invalidated, index, state_->now});
    }
    return done();
}

Outcome World::set_route(CacheIndex index, bool is_to_source, const EffectId& effect) {
    State& state = *state_;
    CacheState& cache = state.caches.at(index);
    if (!state.topology.caches[index].has_reroute) {
        return refused("the edge has no other route");
    }
    if (is_to_source) {
        cache.route_ends_at = state.now + ticks_of(state.topology.circuit_lasts_s);
    }
    if (cache.is_rerouted != is_to_source) {
        cache.is_rerouted = is_to_source;
        state.effects.push_back({effect,
                                 is_to_source ? EffectKind::rerouted : EffectKind::routed_back,
                                 index, state.now});
    }
    return done();
}

Outcome World::swap_version(ServiceIndex index,
                            Artifact artifact,
                            const VersionId& from,
                            const VersionId& to,
                            const EffectId& effect) {
    State& state = *state_;
    const ServiceState& service = state.services.at(index);
    const auto kind = static_cast<std::size_t>(artifact);
    const std::uint32_t number = number_of(service, artifact, to);
    if (number == 0 || to.empty()) {
        return refused("there is no such version");
    }
    if (service.current[kind] == number) {
        return done("it is current already");
    }
    const VersionId current = version_id(artifact, service.current[kind]);
    if (current != from) {
        return refused("current is " + current.text());
    }
    swap_current(state, index, artifact, number, effect);
    return done();
}

Outcome World::shed(ServiceIndex index, double share, const EffectId& effect) {
    ensure(share >= 0 && share <= 1, "a share is 0 to 1");
    ServiceState& service = state_->services.at(index);
    if (service.shed_share != share) {
        service.shed_share = share;
        state_->effects.push_back({effect, EffectKind::shed, index, state_->now});
    }
    return done();
}

Outcome World::set_flag(ServiceIndex index, bool is_on, const EffectId& effect) {
    ServiceState& service = state_->services.at(index);
    if (service.is_flag_on != is_on) {
        service.is_flag_on = is_on;
        state_->are_causes_old = true;
        state_->effects.push_back({effect, EffectKind::flag_set, index, state_->now});
    }
    return done();
}

void World::mend(std::size_t fault) {
    InjectedFault& mended = state_->faults.at(fault);
    mended.ends_at = std::min(mended.ends_at, state_->now);
    FaultState& progress = state_->fault_states[fault];
    if (!progress.has_begun) {
        progress = {.has_begun = true, .has_ended = true};
    }
}

}  // namespace homeostat::sim
