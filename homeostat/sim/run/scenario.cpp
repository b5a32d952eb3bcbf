#include "homeostat/sim/run/scenario.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace homeostat::sim {

namespace {

using std::chrono::hours;

constexpr Tick fault_begins_at = ticks_of(20);  ///< We have looked at ordinary days by then.

Tick draw_ticks(Rng& rng, double from_s, double to_s) {
    return ticks_of(draw_between(rng, from_s, to_s));
}

InjectedFault fault_of(const Options& options, FaultKind kind) {
    InjectedFault fault;
    fault.kind = kind;
    fault.service = options.guarded;
    fault.strength = usual_strength(kind);
    fault.begins_at = fault_begins_at;
    fault.ends_at = options.chaos_ends_at;
    return fault;
}

std::uint32_t draw_replica(Rng& rng, const Options& options) {
    const std::uint32_t count = options.topology.services[options.guarded].replicas_count;
    return static_cast<std::uint32_t>(rng.between(0, std::int64_t{count} - 1));
}

void add_fault(Rng& rng, Options& options, FaultKind kind) {
    InjectedFault fault = fault_of(options, kind);
    fault.begins_at += draw_ticks(rng, 0, 10);
    options.faults.push_back(fault);
}

void add_fault_of_one(Rng& rng, Options& options, FaultKind kind) {
    InjectedFault fault = fault_of(options, kind);
    fault.begins_at += draw_ticks(rng, 0, 10);
    fault.replica = draw_replica(rng, options);
    options.faults.push_back(fault);
}

/// Whether the guarded service feels it: its own, or of what it calls or reads through.
bool is_near(const Options& options, const InjectedFault& fault) {
    if (fault.kind == FaultKind::nothing) {
        return false;
    }
    const bool is_of_cache = fault.kind == FaultKind::stale_copies ||
                             fault.kind == FaultKind::stale_writer ||
                             fault.kind == FaultKind::cache_loss;
    return (!is_of_cache && fault.service == options.guarded) ||
           std::ranges::any_of(options.topology.links, [&](const LinkSpec& link) {
               return link.caller == options.guarded &&
                      (is_of_cache ? link.cache == fault.replica : link.target == fault.service);
           });
}

/// Any that this world can have, by preference near the guarded service. It goes at the end of the
/// chaos, unless a rollback cures it.
void add_any_fault(Rng& rng, Options& options) {
    constexpr int draws_max = 12;
    const bool is_anywhere = draw_chance(rng, 0.1);
    InjectedFault fault = draw_fault(rng, options.topology);
    for (int draws = 1; draws < draws_max && !is_anywhere && !is_near(options, fault); ++draws) {
        fault = draw_fault(rng, options.topology);
    }
    fault.ends_at = std::min(fault.ends_at, options.chaos_ends_at);
    options.faults.push_back(fault);
}

/// Of those that a remedy of ours is for, on what is guarded: something to do.
void add_work(Rng& rng, Options& options) {
    constexpr std::array of_one{FaultKind::crash, FaultKind::hang, FaultKind::leak,
                                FaultKind::noisy_neighbour, FaultKind::pool_leak};
    constexpr std::array of_all{FaultKind::bad_deploy,   FaultKind::slow_deploy,
                                FaultKind::bad_config,   FaultKind::surge,
                                FaultKind::stale_copies, FaultKind::stale_writer,
                                FaultKind::slow_service, FaultKind::failing_service};
    constexpr int draws_max = 12;
    InjectedFault fault;
    if (draw_chance(rng, 0.5)) {
        fault = fault_of(
            options, of_one.at(static_cast<std::size_t>(rng.between(0, std::ssize(of_one) - 1))));
        fault.replica = draw_replica(rng, options);
    } else {
        for (int draws = 0; draws < draws_max && !is_near(options, fault); ++draws) {
            const auto which = static_cast<std::size_t>(rng.between(0, std::ssize(of_all) - 1));
            fault = draw_fault_of(rng, options.topology, of_all.at(which));
        }
    }
    const Tick latest = options.chaos_ends_at - ticks_of(30);
    fault.begins_at =
        fault_begins_at +
        static_cast<Tick>(rng.between(0, static_cast<std::int64_t>(latest - fault_begins_at)));
    fault.ends_at = options.chaos_ends_at;
    options.faults.push_back(fault);
}

/// `trouble` says way, kind and chance.
void add_trouble(Rng& rng, Options& options, double seconds, Trouble trouble) {
    trouble.begins_at = draw_ticks(rng, 15, 45);
    trouble.ends_at = std::min(options.chaos_ends_at, trouble.begins_at + ticks_of(seconds));
    options.troubles.push_back(trouble);
}

void add_deaths(Options& options, double chance, std::uint32_t deaths_max) {
    options.death_chance = std::max(options.death_chance, chance);
    options.deaths_max = std::max(options.deaths_max, deaths_max);
    options.recovery_death_chance = 0.3;
    options.power_loss_chance = 0.3;
}

/// At a moment of the chaos.
Tick draw_moment(Rng& rng, const Options& options) {
    return static_cast<Tick>(rng.between(static_cast<std::int64_t>(ticks_of(22)),
                                         static_cast<std::int64_t>(options.chaos_ends_at)));
}

/// Something that takes many steps to mend, and something that needs one.
void add_acts(Rng& rng, Options& options) {
    add_fault_of_one(rng, options, FaultKind::crash);
    if (draw_chance(rng, 0.7)) {
        constexpr std::array kinds{FaultKind::bad_deploy, FaultKind::hang, FaultKind::surge};
        const FaultKind kind = kinds.at(static_cast<std::size_t>(rng.between(0, 2)));
        if (kind == FaultKind::hang) {
            add_fault_of_one(rng, options, kind);
        } else {
            add_fault(rng, options, kind);
        }
    } else {
        add_any_fault(rng, options);
    }
}

constexpr std::array act_on{Way::runtime, Way::edge, Way::caches};

void crash_loop(Rng& rng, Options& options) {
    add_fault_of_one(rng, options, FaultKind::crash_loop);
}

void slow_dependency(Rng& rng, Options& options) {
    InjectedFault fault = draw_fault_of(rng, options.topology, FaultKind::slow_service);
    fault.ends_at = std::min(fault.ends_at, options.chaos_ends_at);
    options.faults.push_back(fault);
}

void cold_caches(Rng& rng, Options& options) {
    add_fault(rng, options, FaultKind::mass_restart);
    InjectedFault lost = draw_fault_of(rng, options.topology, FaultKind::cache_loss);
    lost.ends_at = std::min(lost.ends_at, options.chaos_ends_at);
    options.faults.push_back(lost);
}

void blind_sensor(Rng& rng, Options& options) {
    add_trouble(rng, options, draw_between(rng, 10, 60),
                {.way = Way::probes, .kind = TroubleKind::blind});
    // An honest agent only watches then. Whether the executor would let anything happen shows who
    // asks for it.
    options.model = rng.fork("model").unit() < 0.5 ? ModelKind::demon : options.model;
}

void half_an_inventory(Rng& rng, Options& options) {
    add_any_fault(rng, options);
    add_trouble(rng, options, draw_between(rng, 20, 80),
                {.way = Way::runtime, .kind = TroubleKind::partial, .chance = 0.7});
}

void flapping(Rng& rng, Options& options) {
    for (Tick at = fault_begins_at; at + ticks_of(12) < options.chaos_ends_at; at += ticks_of(12)) {
        InjectedFault fault = fault_of(options, FaultKind::failing_service);
        fault.strength = draw_between(rng, 0.02, 0.3);
        fault.begins_at = at;
        fault.ends_at = at + draw_ticks(rng, 1, 9);
        options.faults.push_back(fault);
    }
}

void paused(Rng& rng, Options& options) {
    add_any_fault(rng, options);
    const Tick begins_at = draw_ticks(rng, 24, 60);
    options.pauses.push_back({begins_at, begins_at + draw_ticks(rng, 3, 40)});
}

/// Copies that invalidation cures, if the guarded service reads through a cache.
void add_stale_copies(Rng& rng, Options& options) {
    for (const LinkSpec& link : options.topology.links) {
        if (link.caller == options.guarded && link.cache != none) {
            InjectedFault fault = fault_of(options, FaultKind::stale_copies);
            fault.begins_at += draw_ticks(rng, 0, 10);
            fault.replica = link.cache;
            options.faults.push_back(fault);
            options.limits.autonomy[RemedyKind::invalidate_cache] = Autonomy::act;
            return;
        }
    }
}

/// Nobody who gets no reply knows which of the three it was.
void reply_lost(Rng& rng, Options& options) {
    constexpr std::array kinds{TroubleKind::reply_lost, TroubleKind::late_effect,
                               TroubleKind::order_lost};
    if (draw_chance(rng, 0.5)) {
        options.topology = payment_gateway();  // It has a cache.
    }
    add_acts(rng, options);
    add_stale_copies(rng, options);
    for (const Way way : act_on) {
        const TroubleKind kind = kinds.at(static_cast<std::size_t>(rng.between(0, 2)));
        add_trouble(rng, options, 90, {.way = way, .kind = kind, .chance = 0.5});
    }
}

void dies_while_acting(Rng& rng, Options& options) {
    add_any_fault(rng, options);
    add_fault_of_one(rng, options, FaultKind::crash);
    add_deaths(options, 0.6, 12);
}

void recreated(Rng& rng, Options& options) {
    add_fault_of_one(rng, options, FaultKind::hang);
    options.has_restarter = true;
}

void autoscaler(Rng& rng, Options& options) {
    add_fault(rng, options, FaultKind::surge);
    options.faults.back().strength *= 1.5;
    ServiceSpec& guarded = options.topology.services[options.guarded];
    guarded.spares_count = std::max(guarded.spares_count, 2U);
    options.limits.autonomy[RemedyKind::scale] = Autonomy::act;
    options.has_autoscaler = true;
}

void gitops(Rng& rng, Options& options) {
    add_fault(rng, options, FaultKind::bad_deploy);
    options.has_gitops = true;
}

void rollout(Rng& rng, Options& options) {
    add_fault(rng, options, FaultKind::innocent_deploy);
    add_any_fault(rng, options);
}

void zone_lost(Rng& rng, Options& options) {
    InjectedFault fault = fault_of(options, FaultKind::zone_loss);
    fault.replica =
        static_cast<std::uint32_t>(rng.between(0, std::int64_t{options.topology.zones_count} - 1));
    options.faults.push_back(fault);
}

void partition(Rng& rng, Options& options) {
    const Tick begins_at = draw_ticks(rng, 15, 45);
    for (const Way way : {Way::runtime, Way::edge, Way::caches, Way::probes, Way::counters}) {
        options.troubles.push_back({.way = way,
                                    .kind = TroubleKind::silent,
                                    .begins_at = begins_at,
                                    .ends_at = begins_at + ticks_of(43)});
    }
    add_any_fault(rng, options);
}

void wall_clock(Rng& rng, Options& options) {
    add_any_fault(rng, options);
    constexpr std::array<Duration, 4> jumps{hours{1}, -hours{1}, hours{24 * 366}, -hours{24 * 366}};
    Rng jump_rng = rng.fork("jump");
    const Duration ahead = jumps.at(static_cast<std::size_t>(jump_rng.between(0, 3)));
    const Tick begins_at = draw_ticks(rng, 15, 60);
    options.wall_jumps.push_back({{begins_at, begins_at + draw_ticks(rng, 5, 60)}, ahead});
    for (std::int64_t left = rng.between(0, 2); left > 0; --left) {
        options.reboots_at.push_back(draw_moment(rng, options));
    }
    add_deaths(options, 0.2, 4);
}

/// Nothing else is by chance in it, so that its undisturbed twin may be held against it.
void bad_post(Rng& rng, Options& options) {
    options.has_twin = true;
    options.model = ModelKind::none;
    options.person = PersonKind::absent;
    add_work(rng, options);
    for (const Way way : {Way::probes, Way::processes, Way::counters, Way::caches}) {
        const auto kind =
            static_cast<TroubleKind>(rng.between(static_cast<std::int64_t>(TroubleKind::duplicated),
                                                 static_cast<std::int64_t>(TroubleKind::dropped)));
        add_trouble(rng, options, 90,
                    {.way = way, .kind = kind, .chance = draw_between(rng, 0.1, 0.6)});
    }
}

void bad_model(Rng& rng, Options& options) {
    add_any_fault(rng, options);
    constexpr std::array kinds{ModelKind::slow, ModelKind::garbage, ModelKind::dead,
                               ModelKind::demon};
    options.model = kinds.at(static_cast<std::size_t>(rng.between(0, 3)));
}

void two_of_us(Rng& rng, Options& options) {
    add_acts(rng, options);
    options.has_older_self = true;
}

void bad_ways(Rng& rng, Options& options) {
    add_acts(rng, options);
    add_stale_copies(rng, options);
    constexpr std::array kinds{TroubleKind::silent, TroubleKind::slow, TroubleKind::throttled,
                               TroubleKind::stale, TroubleKind::order_lost};
    for (const Way way : act_on) {
        const TroubleKind kind = kinds.at(static_cast<std::size_t>(rng.between(0, 4)));
        add_trouble(rng, options, draw_between(rng, 10, 90),
                    {.way = way, .kind = kind, .chance = draw_between(rng, 0.2, 1)});
    }
}

void ledger_full(Rng& rng, Options& options) {
    add_any_fault(rng, options);
    add_fault_of_one(rng, options, FaultKind::crash);
    add_trouble(rng, options, draw_between(rng, 5, 60),
                {.way = Way::ledger, .kind = TroubleKind::full});
    if (draw_chance(rng, 0.5)) {
        add_trouble(rng, options, 60,
                    {.way = Way::ledger, .kind = TroubleKind::slow, .chance = 0.3});
    }
    if (draw_chance(rng, 0.5)) {
        add_trouble(rng, options, 1, {.way = Way::ledger, .kind = TroubleKind::broken});
    }
    if (draw_chance(rng, 0.5)) {
        options.rots_at.push_back(draw_moment(rng, options));
    }
}

void kill_switch(Rng& rng, Options& options) {
    add_any_fault(rng, options);
    add_fault(rng, options, FaultKind::bad_deploy);
    const Tick begins_at = draw_ticks(rng, 22, 60);
    options.suspensions.push_back({begins_at, begins_at + draw_ticks(rng, 2, 40)});
    if (draw_chance(rng, 0.5)) {
        add_deaths(options, 0.3, 4);
    }
}

void liar(Rng& rng, Options& options) {
    // Three are all that serve in a small group: then everything looks dead, as in S4.
    const std::uint32_t there = options.topology.services[options.guarded].replicas_count;
    Rng liars_rng = rng.fork("liars");
    const std::uint32_t liars = draw_chance(liars_rng, 0.5) ? 1 : std::min(3U, there);
    add_trouble(rng, options, draw_between(rng, 10, 90),
                {.way = Way::probes, .kind = TroubleKind::lying, .instances_count = liars});
    if (draw_chance(rng, 0.5)) {
        add_any_fault(rng, options);
    }
}

void for_a_person(Rng& rng, Options& options) {
    InjectedFault fault = fault_of(options, FaultKind::bad_flag);
    fault.ends_at = never;
    options.faults.push_back(fault);
    options.person = draw_chance(rng, 0.5) ? PersonKind::prompt : options.person;
}

void asking(Rng& rng, Options& options) {
    for (auto& [kind, level] : options.limits.autonomy) {
        level = Autonomy::ask;
    }
    add_acts(rng, options);
    if (draw_chance(rng, 0.4)) {
        add_deaths(options, draw_between(rng, 0.1, 0.5), 4);
    }
    options.has_restarter = draw_chance(rng, 0.3);  // Who changes what was asked about.
}

void quiet(Rng& /*rng*/, Options& options) {
    options.is_quiet = true;
    options.ends_at = options.chaos_ends_at + ticks_of(600);
}

void heals_itself(Rng& rng, Options& options) {
    InjectedFault fault =
        draw_fault_of(rng, options.topology,
                      draw_chance(rng, 0.5) ? FaultKind::failing_service : FaultKind::slow_service);
    fault.ends_at = fault.begins_at + draw_ticks(rng, 2, 8);
    options.faults.push_back(fault);
}

constexpr std::string_view no_cluster = "needs a cluster";

constexpr std::array scenarios{
    Scenario{"S1", "one instance ends again and again", crash_loop, {}},
    Scenario{"S2", "a slow dependency, and retries upon it", slow_dependency, {}},
    Scenario{"S3", "cold caches after a mass restart", cold_caches, {}},
    Scenario{"S4", "the sensor is blind: everything looks dead", blind_sensor, {}},
    Scenario{"S5", "half of the inventory is missing in what is read", half_an_inventory, {}},
    Scenario{"S6", "errors that come and go around the threshold", flapping, {}},
    Scenario{"S7", "two replicas of ours, a lease lost in the act", nullptr,
             "there are no leases yet: one executor per service"},
    Scenario{"S8", "our process stands still and goes on later", paused, {}},
    Scenario{"S9", "no reply: it is done, or will be, or never was ordered", reply_lost, {}},
    Scenario{"S10", "we die between an act and its record", dies_while_acting, {}},
    Scenario{"S11", "another process under the same name", recreated, {}},
    Scenario{"S12", "an autoscaler takes our instances back", autoscaler, {}},
    Scenario{"S13", "gitops takes our rollback back", gitops, {}},
    Scenario{"S14", "a rollout is in progress", rollout, {}},
    Scenario{"S15", "a node is drained under a disruption budget", nullptr, no_cluster},
    Scenario{"S16", "a zone is lost", zone_lost, {}},
    Scenario{"S17", "a partition of 43 seconds", partition, {}},
    Scenario{"S18", "the wall clock is wrong, the machine goes off and on", wall_clock, {}},
    Scenario{"S19", "telemetry twice, late, in another order, or not", bad_post, {}},
    Scenario{"S20", "the model is slow, garbage, dead or a demon", bad_model, {}},
    Scenario{"S21", "runtime and edge are down, slow, throttled or stale", bad_ways, {}},
    Scenario{"S22", "the ledger is full, slow, failing or rotten", ledger_full, {}},
    Scenario{"S23", "the store of the budget cannot be reached", nullptr,
             "the budget is a view of the ledger: S22"},
    Scenario{
        "S24", "a person is asked for everything, and is late, wrong or says it twice", asking, {}},
    Scenario{"S25", "the kill switch in the middle of a remedy", kill_switch, {}},
    Scenario{"S26", "a million log lines a second", nullptr,
             "the world writes no log lines; sense's own tests flood it"},
    Scenario{"S27", "the probes of one instance lie, or of three", liar, {}},
    Scenario{"S28", "an older version of ours acts upon the same service", two_of_us, {}},
    Scenario{"S29", "a thousand of us start at once", nullptr, no_cluster},
    Scenario{"S30", "a fault that only a person can mend", for_a_person, {}},
    Scenario{"S31", "nothing is wrong", quiet, {}},
    Scenario{"S32", "the fault goes while we decide", heals_itself, {}},
};

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
    for (std::size_t kind = 0; kind < names_of(std::type_identity<RemedyKind>{}).size(); ++kind) {
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
    options.has_autoscaler = options.has_autoscaler || draw_chance(rng, 0.08);
    options.has_gitops = options.has_gitops || draw_chance(rng, 0.08);
    options.has_undrainer = draw_chance(rng, 0.12);
    options.has_older_self = options.has_older_self || draw_chance(rng, 0.05);
    options.has_restarter = options.has_restarter || draw_chance(rng, 0.08);
}

/// One after another, so that few seeds meet all of them.
const Scenario& scenario_of(std::uint64_t seed) {
    std::vector<const Scenario*> runnable;
    for (const Scenario& scenario : scenarios) {
        if (scenario.shape != nullptr) {
            runnable.push_back(&scenario);
        }
    }
    return *runnable[seed % runnable.size()];
}

}  // namespace

std::span<const Scenario> all_scenarios() {
    return scenarios;
}

const Scenario* find_scenario(std::string_view name) {
    const auto found = std::ranges::find(scenarios, name, &Scenario::name);
    return found == scenarios.end() ? nullptr : &*found;
}

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
