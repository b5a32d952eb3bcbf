// How services call each other: the habits of versions, and who is let in.

#include "homeostat/sim/world/state.hpp"

#include <algorithm>

namespace homeostat::sim {

namespace {

/// Of a caller's requests, the share that replicas with the version work on.
[[nodiscard]] double share_of_version(const State& state, const CallChange& change) {
    const ServiceState& caller = state.services[state.topology.links[change.link].caller];
    const auto artifact = static_cast<std::size_t>(change.artifact);
    double share = 0;
    for (ReplicaIndex at = caller.first; at < caller.end; ++at) {
        const ReplicaState& replica = state.replicas[at];
        share += replica.versions[artifact] == change.version ? replica.share : 0;
    }
    return std::min(1.0, share);
}

void mix_in(State& state, const CallChange& change) {
    const double share = share_of_version(state, change);
    CallMix& mix = state.links[change.link].mix;
    const CallHabit& habit = change.habit;
    if (habit.attempts_max > 0 && share > 0) {
        mix.hasty_share = share;
        mix.hasty_attempts_max = habit.attempts_max;
        mix.patience_ms = habit.patience_ms;
        Door& door = state.services[state.topology.links[change.link].target].door;
        door.patience_ms = door.patience_ms > 0 ? std::min(door.patience_ms, habit.patience_ms)
                                                : habit.patience_ms;
    }
    if (habit.is_denied) {
        mix.denied_share = 1 - (1 - mix.denied_share) * (1 - share);
    }
    mix.work_factor *= 1 + share * (habit.work_factor - 1);
}

/// Share of the calls that find no connection left, or no certificate that is valid.
[[nodiscard]] double closed_share_of(const State& state, ServiceIndex service) {
    const Door& door = state.services[service].door;
    const double accepted = state.topology.services[service].connections_max;
    const double left = door.connections_left > 0 ? door.connections_left : accepted;
    if (door.is_expired) {
        return 1;
    }
    const double kept = left > 0 ? connections_kept(state, service) : 0;
    return kept > left ? 1 - left / kept : 0;
}

}  // namespace

double connections_kept(const State& state, ServiceIndex service) {
    double kept = 0;
    for (LinkIndex index = 0; index < state.links.size(); ++index) {
        const LinkSpec& link = state.topology.links[index];
        if (link.target == service && link.caller != none) {
            const ServiceState& caller = state.services[link.caller];
            const double each = state.topology.connections_of(index);
            for (ReplicaIndex at = caller.first; at < caller.end; ++at) {
                kept += state.replicas[at].is_alive ? each : 0;
            }
        }
    }
    return kept;
}

void mix_calls(State& state) {
    if (state.call_changes.empty() && !state.are_doors_old) {
        return;
    }
    for (ServiceIndex index = 0; index < state.services.size(); ++index) {
        Door& door = state.services[index].door;
        door.patience_ms = 0;
        if (state.are_doors_old) {
            door.closed_share = closed_share_of(state, index);
        }
    }
    state.are_doors_old = false;
    state.are_calls_mixed = false;
    for (LinkIndex index = 0; index < state.links.size(); ++index) {
        const ServiceIndex target = state.topology.links[index].target;
        state.links[index].mix = {.denied_share = state.services[target].door.closed_share};
    }
    for (const CallChange& change : state.call_changes) {
        mix_in(state, change);
    }
    for (const LinkState& link : state.links) {
        state.are_calls_mixed = state.are_calls_mixed || link.mix != CallMix{};
    }
    if (!state.are_calls_mixed) {
        for (ServiceState& service : state.services) {
            service.door.denied = 0;
            service.door.work_factor = 1;
        }
    }
}

AttemptsFate fate_of(const State& state, LinkIndex index) {
    const ServiceState& target = state.services[state.topology.links[index].target];
    const CallMix& mix = state.links[index].mix;
    const double let_in = 1 - mix.denied_share;
    const double hasty = mix.hasty_share;
    double attempt_ms = target.attempt_ms;
    if (hasty > 0) {
        attempt_ms += hasty * (std::min(attempt_ms, mix.patience_ms) - attempt_ms);
    }
    return {.failed_share = mix.denied_share + let_in * target.failed_share,
            .late_share = let_in * (target.late_share + hasty * target.door.impatient_share),
            .attempt_ms = mix.denied_share * refusal_ms + let_in * attempt_ms};
}

}  // namespace homeostat::sim
