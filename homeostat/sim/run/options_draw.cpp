#include "homeostat/sim/run/options_draw.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/run/chaos.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace homeostat::sim {

namespace {

guard::Limits draw_limits(Rng& rng, const Topology& topology) {
    guard::Limits limits;
    limits.min_healthy =
        topology.services.front().replicas_count > 2 && draw_chance(rng, 0.4) ? 2 : 1;
    limits.attempts_max = static_cast<std::uint32_t>(rng.between(1, 3));
    limits.effects_max = static_cast<std::uint32_t>(rng.between(6, 40));
    // Now and then there is next to no room: a limit that never binds is not tested.
    Rng tight = rng.fork("tight");
    if (draw_chance(tight, 0.15)) {
        limits.min_healthy = topology.services.front().replicas_count;
    }
    if (draw_chance(tight, 0.25)) {
        limits.effects_max = static_cast<std::uint32_t>(tight.between(3, 8));
    }
    // There are no tasks in a simulated world.
    for (std::size_t kind = 0; kind < static_cast<std::size_t>(RemedyKind::run_task); ++kind) {
        const bool is_asked = draw_chance(rng, 0.06);
        limits.autonomy[static_cast<RemedyKind>(kind)] = is_asked ? Autonomy::ask : Autonomy::act;
    }
    return limits;
}
/// Each kind on each way with such a chance.
void add_some(Rng& rng,
              Options& options,
              std::span<const Way> ways,
              std::span<const TroubleKind> kinds,
              double chance) {
    for (const Way way : ways) {
        for (const TroubleKind kind : kinds) {
            if (draw_chance(rng, chance)) {
                const double seconds = draw_between(rng, 5, 60);
                add_trouble(rng, options, seconds,
                            {.way = way, .kind = kind, .chance = draw_between(rng, 0.05, 0.4)});
            }
        }
    }
}

/// Of the machine that we run on, and its disk.
void add_machine_troubles(Rng& rng, Options& options) {
    if (draw_chance(rng, 0.06)) {
        options.reboots_at.push_back(draw_moment(rng, options));
    }
    if (draw_chance(rng, 0.05)) {
        options.rots_at.push_back(draw_moment(rng, options));
    }
    if (draw_chance(rng, 0.05)) {
        add_trouble(rng, options, 1, {.way = Way::ledger, .kind = TroubleKind::broken});
    }
    if (draw_chance(rng, 0.05)) {
        const double seconds = draw_between(rng, 3, 30);
        add_trouble(rng, options, seconds, {.way = Way::ledger, .kind = TroubleKind::full});
    }
    if (draw_chance(rng, 0.05)) {
        const Tick begins_at = draw_moment(rng, options);
        options.pauses.push_back({begins_at, begins_at + draw_ticks(rng, 1, 20)});
    }
}

/// A random subset of what else may go wrong, so that troubles meet.
void add_swarm(Rng& rng, Options& options) {
    constexpr std::array kinds{TroubleKind::silent,      TroubleKind::slow,
                               TroubleKind::throttled,   TroubleKind::reply_lost,
                               TroubleKind::stale,       TroubleKind::order_lost,
                               TroubleKind::late_effect, TroubleKind::partial};
    add_some(rng, options, act_on, kinds, 0.06);
    constexpr std::array telemetry{TroubleKind::silent, TroubleKind::slow, TroubleKind::duplicated,
                                   TroubleKind::reordered, TroubleKind::dropped};
    constexpr std::array read_from{Way::probes, Way::processes, Way::counters};
    add_some(rng, options, read_from, telemetry, 0.05);
    if (draw_chance(rng, 0.35)) {
        add_deaths(options, draw_between(rng, 0.05, 0.5),
                   static_cast<std::uint32_t>(rng.between(1, 8)));
    }
    if (draw_chance(rng, 0.1)) {
        const Tick begins_at = draw_ticks(rng, 20, 60);
        options.suspensions.push_back({begins_at, begins_at + draw_ticks(rng, 2, 20)});
    }
    add_machine_troubles(rng, options);
    // Of a draw of its own: what was drawn before there were such answers stays as it was.
    Rng answers = rng.fork("answers");
    if (draw_chance(answers, 0.08)) {
        add_refusal(answers, options);
    }
    options.has_autoscaler = options.has_autoscaler || draw_chance(rng, 0.08);
    options.has_gitops = options.has_gitops || draw_chance(rng, 0.08);
    options.has_undrainer = draw_chance(rng, 0.12);
    options.has_older_self = options.has_older_self || draw_chance(rng, 0.05);
    options.has_restarter = options.has_restarter || draw_chance(rng, 0.08);
}
/// One after another, so that few seeds meet all of them.
const Scenario& scenario_of(std::uint64_t seed) {
    std::vector<const Scenario*> runnable;
    for (const Scenario& scenario : all_scenarios()) {
        if (scenario.shape != nullptr) {
            runnable.push_back(&scenario);
        }
    }
    return *runnable[seed % runnable.size()];
}

}  // namespace

Options draw_options(std::uint64_t seed, const Scenario* only, std::uint32_t services_count) {
    Rng rng = Rng(seed).fork("options");
    Options options;
    options.seed = seed;
    const Scenario& scenario = only != nullptr ? *only : scenario_of(seed);
    options.scenario = scenario.name;
    options.topology = draw_chance(rng, 0.5) ? payment_gateway() : draw_topology(rng, 8);
    if (services_count > 0) {
        options.topology = draw_topology_of(rng, services_count);
    }
    options.limits = draw_limits(rng, options.topology);
    options.model = static_cast<ModelKind>(rng.between(0, 5));
    options.person = static_cast<PersonKind>(rng.between(0, 3));
    options.chaos_ends_at = draw_ticks(rng, 90, 150);
    options.ends_at = options.chaos_ends_at + ticks_of(420);
    scenario.shape(rng, options);
    if (!options.is_quiet) {
        // A twin has one fault: of several the first to be judged decides how the others go on.
        for (std::int64_t left = rng.between(1, 3); left > 0 && !options.has_twin; --left) {
            add_work(rng, options);
        }
        if (!options.has_twin) {
            add_swarm(rng, options);
        }
    }
    if (options.model == ModelKind::demon) {
        options.person = PersonKind::absent;  // P10: what it does is not to be mended by others.
    }
    return options;
}

}  // namespace homeostat::sim
