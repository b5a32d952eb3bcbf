#include "homeostat/sim/run/chaos.hpp"

#include "homeostat/sim/world/draws.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

namespace homeostat::sim {

namespace {

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

/// Any of the guarded service's.
std::uint32_t draw_replica(Rng& rng, const Options& options) {
    const std::uint32_t count = options.topology.services[options.guarded].replicas_count;
    return static_cast<std::uint32_t>(rng.between(0, std::int64_t{count} - 1));
}

}  // namespace

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

void add_trouble(Rng& rng, Options& options, double seconds, Trouble trouble) {
    trouble.begins_at = draw_ticks(rng, 15, 45);
    trouble.ends_at = std::min(options.chaos_ends_at, trouble.begins_at + ticks_of(seconds));
    options.troubles.push_back(trouble);
}

void add_refusal(Rng& rng, Options& options) {
    constexpr std::array kinds{TroubleKind::conflict, TroubleKind::unwanted, TroubleKind::patience,
                               TroubleKind::gave_up, TroubleKind::forgotten};
    const TroubleKind kind =
        kinds.at(static_cast<std::size_t>(rng.between(0, std::ssize(kinds) - 1)));
    const bool is_of_telemetry = kind == TroubleKind::forgotten;
    const Way way = is_of_telemetry && draw_chance(rng, 0.5) ? Way::processes : Way::runtime;
    const double chance =
        is_of_telemetry ? draw_between(rng, 0.02, 0.3) : draw_between(rng, 0.2, 1);
    add_trouble(rng, options, draw_between(rng, 10, 90),
                {.way = way, .kind = kind, .chance = chance});
}

void add_deaths(Options& options, double chance, std::uint32_t deaths_max) {
    options.death_chance = std::max(options.death_chance, chance);
    options.deaths_max = std::max(options.deaths_max, deaths_max);
    options.recovery_death_chance = 0.3;
    options.power_loss_chance = 0.3;
}

Tick draw_moment(Rng& rng, const Options& options) {
    return static_cast<Tick>(rng.between(static_cast<std::int64_t>(ticks_of(22)),
                                         static_cast<std::int64_t>(options.chaos_ends_at)));
}

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

}  // namespace homeostat::sim
