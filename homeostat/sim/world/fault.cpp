#include "homeostat/sim/world/fault.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::sim {

namespace {

enum class About : std::uint8_t { nobody, replica, service, users, cache, pool, zone };

struct Nature {
    double strength;
    About about;
    bool may_end;  ///< By itself.
};

/// In the order of FaultKind.
constexpr std::array<Nature, fault_kinds_count> natures{{
    {0, About::nobody, false},     // nothing
    {0, About::replica, false},    // crash
    {3, About::replica, true},     // crash_loop
    {0, About::replica, false},    // hang
    {20, About::replica, true},    // leak
    {0.3, About::service, false},  // bad_deploy
    {8, About::service, false},    // slow_deploy
    {0, About::service, false},    // innocent_deploy
    {16, About::service, false},   // bad_config
    {0.3, About::service, true},   // bad_flag
    {20, About::service, true},    // slow_service
    {0.6, About::service, true},   // failing_service
    {3, About::users, true},       // surge
    {0.5, About::cache, false},    // stale_copies
    {0, About::cache, true},       // stale_writer
    {0, About::cache, true},       // cache_loss
    {0, About::service, false},    // mass_restart
    {0, About::zone, true},        // zone_loss
    {20, About::replica, true},    // noisy_neighbour
    {0.5, About::pool, true},      // pool_leak
    {0.2, About::service, true},   // packet_loss
}};

[[nodiscard]] const Nature& nature_of(FaultKind kind) {
    return natures.at(static_cast<std::size_t>(kind));
}

[[nodiscard]] std::uint32_t draw_index(Rng& rng, std::size_t count) {
    return static_cast<std::uint32_t>(rng.between(0, static_cast<std::int64_t>(count) - 1));
}

/// Where the fault is; false: this topology has no such place.
[[nodiscard]] bool draw_place(Rng& rng, const Topology& topology, InjectedFault& fault) {
    std::vector<ServiceIndex> services;
    switch (nature_of(fault.kind).about) {
        case About::nobody:
            return true;
        case About::cache:
            if (topology.caches.empty()) {
                return false;
            }
            fault.replica = draw_index(rng, topology.caches.size());
            return true;
        case About::zone:
            fault.replica = draw_index(rng, topology.zones_count);
            return true;
        case About::users:
            fault.service = topology.links[topology.traffic.front().link].target;
            return true;
        case About::pool:
            for (const LinkSpec& link : topology.links) {
                if (link.caller != none && link.connections_max > 0) {
                    services.push_back(link.caller);
                }
            }
            if (services.empty()) {
                return false;
            }
            fault.service = services[draw_index(rng, services.size())];
            break;
        case About::service:
        case About::replica:
            fault.service = draw_index(rng, topology.services.size());
            break;
    }
    const std::uint32_t replicas = topology.services[fault.service].replicas_count;
    if (nature_of(fault.kind).about != About::service && draw_chance(rng, 0.8)) {
        fault.replica = draw_index(rng, replicas);
    }
    return true;
}

}  // namespace

double usual_strength(FaultKind kind) {
    return nature_of(kind).strength;
}

std::string describe(const InjectedFault& fault, const Topology& topology) {
    std::string place = topology.services.at(fault.service).name;
    switch (nature_of(fault.kind).about) {
        case About::nobody:
            return "nothing";
        case About::cache:
            place = topology.caches.at(fault.replica).name;
            break;
        case About::zone:
            place = fmt::format("zone {}", fault.replica);
            break;
        default:
            if (fault.replica != every_replica) {
                place += fmt::format("-{}", fault.replica);
            }
    }
    const double from_s = static_cast<double>(fault.begins_at) * seconds_per_tick;
    std::string text = fmt::format("{} of {} in {} from {:.1f} s", to_text(fault.kind),
                                   fault.strength, place, from_s);
    if (fault.ends_at != never) {
        text += fmt::format(" to {:.1f} s", static_cast<double>(fault.ends_at) * seconds_per_tick);
    }
    return text;
}

InjectedFault draw_fault_of(Rng& rng, const Topology& topology, FaultKind kind) {
    InjectedFault fault{.kind = kind};
    if (!draw_place(rng, topology, fault)) {
        return {};
    }
    const Nature& nature = nature_of(kind);
    fault.strength = nature.strength * draw_between(rng, 0.7, 1.4);
    if (nature.strength > 0 && nature.strength < 1) {
        fault.strength = std::min(1.0, fault.strength);
    }
    fault.begins_at = ticks_of(draw_between(rng, 20, 40));
    if (nature.may_end && draw_chance(rng, 1.0 / 3)) {
        fault.ends_at = fault.begins_at + ticks_of(draw_between(rng, 5, 120));
    }
    return fault;
}

InjectedFault draw_fault(Rng& rng, const Topology& topology) {
    const auto kind = static_cast<FaultKind>(draw_index(rng, fault_kinds_count));
    return draw_fault_of(rng, topology, kind);
}

}  // namespace homeostat::sim
