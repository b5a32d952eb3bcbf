#include "homeostat/sim/cases/possible.hpp"

#include "homeostat/sim/world/draws.hpp"

#include <algorithm>

namespace homeostat::sim::cases {

namespace {

constexpr double version_kept_share = 0.88;
constexpr double spares_free_share = 0.9;
constexpr double database_restarts_share = 0.6;
constexpr double cache_drops_share = 0.9;

[[nodiscard]] PossibleAtService draw_at_service(Rng& rng, const Story& story, ServiceIndex index) {
    const Topology& topology = story.setting.topology;
    const ServiceSpec& spec = topology.services[index];
    const bool is_database = spec.kind == ServiceKind::database;
    PossibleAtService possible;
    possible.restarts = !is_database || draw_chance(rng, database_restarts_share);
    possible.ejects = !is_database;
    possible.running = spec.replicas_count;
    possible.running_min = (spec.replicas_count + 1) / 2;
    const bool is_free = draw_chance(rng, spares_free_share);
    possible.running_max = spec.replicas_count + (is_free ? spec.spares_count : 0);
    for (const Artifact artifact : artifacts_started) {
        const bool is_kept = draw_chance(rng, version_kept_share);
        possible.rolls_back[artifact] =
            is_kept && previous_version(story.world, index, artifact).has_value();
    }
    possible.has_fallback = std::ranges::any_of(topology.links, [&](const LinkSpec& link) {
        return link.target == index && link.caller != none && link.has_circuit;
    });
    return possible;
}

}  // namespace

bool Possible::has(const Trial& trial) const {
    switch (trial.kind) {
        case TrialKind::observe:
        case TrialKind::escalate:
            return true;
        case TrialKind::restart:
        case TrialKind::rolling_restart:
            return services[trial.target].restarts;
        case TrialKind::rollback:
            return services[trial.target].rolls_back[trial.artifact];
        case TrialKind::scale:
            return services[trial.target].running_max >= trial.replicas_count;
        case TrialKind::eject:
            return services[trial.target].ejects &&
                   services[trial.target].running > services[trial.target].running_min;
        case TrialKind::open_circuit:
            return services[trial.target].has_fallback;
        case TrialKind::invalidate_cache:
            return caches[trial.target].invalidates;
        case TrialKind::reroute:
            return caches[trial.target].reroutes;
    }
    return false;
}

Possible draw_possible(Rng& rng, const Story& story) {
    Possible possible;
    const Topology& topology = story.setting.topology;
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        possible.services.push_back(draw_at_service(rng, story, index));
    }
    for (const CacheSpec& cache : topology.caches) {
        possible.caches.push_back({draw_chance(rng, cache_drops_share), cache.has_reroute});
    }
    return possible;
}

}  // namespace homeostat::sim::cases
