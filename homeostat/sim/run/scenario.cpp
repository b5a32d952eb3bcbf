#include "homeostat/sim/run/scenario.hpp"

#include "homeostat/sim/run/chaos.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>

namespace homeostat::sim {

namespace {

using std::chrono::hours;

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
    Rng answers = rng.fork("refusals");
    for (std::int64_t left = answers.between(0, 2); left > 0; --left) {
        add_refusal(answers, options);
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
    Scenario{"S21", "runtime and edge are down, slow, throttled or stale, or say no", bad_ways, {}},
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

}  // namespace

std::span<const Scenario> all_scenarios() {
    return scenarios;
}

const Scenario* find_scenario(std::string_view name) {
    const auto found = std::ranges::find(scenarios, name, &Scenario::name);
    return found == scenarios.end() ? nullptr : &*found;
}

}  // namespace homeostat::sim
