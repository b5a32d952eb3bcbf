#include "homeostat/sim/world/fault.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace homeostat::sim {

namespace {

enum class About : std::uint8_t {
    nobody,
    replica,
    service,
    users,
    cache,
    pool,
    zone,
    host,
    one_of_many,  ///< A replica of a service that has three or more.
    callee,       ///< A service that another one calls.
    store,
    link,
    query,  ///< A link to a store.
};

struct Nature {
    double strength;
    About about;
    bool may_end;  ///< By itself.
};

/// In the order of FaultKind.
constexpr std::array<Nature, fault_kinds_count> natures{{
    {0, About::nobody, false},        // nothing
    {0, About::replica, false},       // crash
    {3, About::replica, true},        // crash_loop
    {0, About::replica, false},       // hang
    {20, About::replica, true},       // leak
    {0.3, About::service, false},     // bad_deploy
    {8, About::service, false},       // slow_deploy
    {0, About::service, false},       // innocent_deploy
    {16, About::service, false},      // bad_config
    {0.3, About::service, true},      // bad_flag
    {20, About::service, true},       // slow_service
    {0.6, About::service, true},      // failing_service
    {3, About::users, true},          // surge
    {0.5, About::cache, false},       // stale_copies
    {0, About::cache, true},          // stale_writer
    {0, About::cache, true},          // cache_loss
    {0, About::service, false},       // mass_restart
    {0, About::zone, true},           // zone_loss
    {20, About::replica, true},       // noisy_neighbour
    {0.5, About::pool, true},         // pool_leak
    {0.2, About::service, true},      // packet_loss
    {0.015, About::replica, false},   // deadlock
    {0.5, About::replica, false},     // fd_exhaustion
    {8, About::link, false},          // retry_storm
    {0.8, About::one_of_many, true},  // hot_key
    {0, About::cache, false},         // cold_cache
    {0.5, About::callee, true},       // lying_dependency
    {0, About::host, true},           // node_loss
    {0, About::callee, false},        // expired_certificate
    {0, About::link, false},          // bad_credentials
    {30, About::host, true},          // clock_skew
    {0.6, About::one_of_many, true},  // disk_full
    {0.4, About::store, false},       // data_corruption
    {15, About::query, false},        // slow_query
    {0.5, About::callee, true},       // connection_limit
}};

/// Those that scenarios draw among: a further kind would give each seed another fault.
constexpr std::size_t drawn_kinds_count = static_cast<std::size_t>(FaultKind::packet_loss) + 1;

[[nodiscard]] const Nature& nature_of(FaultKind kind) {
    return natures.at(static_cast<std::size_t>(kind));
}

[[nodiscard]] std::uint32_t draw_index(Rng& rng, std::size_t count) {
    return static_cast<std::uint32_t>(rng.between(0, static_cast<std::int64_t>(count) - 1));
}

[[nodiscard]] std::vector<std::uint32_t> all_of(std::size_t count) {
    std::vector<std::uint32_t> all(count);
    std::iota(all.begin(), all.end(), 0U);
    return all;
}

/// Of `count` indices those that fit.
template <class F>
[[nodiscard]] std::vector<std::uint32_t> such_of(std::size_t count, F&& fits) {
    std::vector<std::uint32_t> such = all_of(count);
    std::erase_if(such, [&](std::uint32_t index) { return !fits(index); });
    return such;
}

/// The databases; where there is none, services that call nobody.
[[nodiscard]] std::vector<ServiceIndex> stores_of(const Topology& topology) {
    const std::size_t count = topology.services.size();
    std::vector<ServiceIndex> stores = such_of(count, [&](ServiceIndex service) {
        return topology.services[service].kind == ServiceKind::database;
    });
    return stores.empty()
               ? such_of(count,
                         [&](ServiceIndex service) {
                             return std::ranges::find(topology.links, service, &LinkSpec::caller) ==
                                    topology.links.end();
                         })
               : stores;
}

/// Links between services, to any target or to those of a list.
[[nodiscard]] std::vector<LinkIndex> links_of(const Topology& topology,
                                              const std::vector<ServiceIndex>& targets) {
    return such_of(topology.links.size(), [&](LinkIndex index) {
        const LinkSpec& link = topology.links[index];
        return link.caller != none && link.calls_per_request > 0 &&
               std::ranges::find(targets, link.target) != targets.end();
    });
}

/// Hosts where a replica runs, spares aside.
[[nodiscard]] std::vector<HostIndex> hosts_in_use(const Topology& topology) {
    std::vector<bool> is_used(topology.hosts_count());
    ReplicaIndex first = 0;
    for (const ServiceSpec& service : topology.services) {
        for (std::uint32_t number = 0; number < service.replicas_count; ++number) {
            is_used[topology.host_of(first + number)] = true;
        }
        first += service.replicas_count + service.spares_count;
    }
    return such_of(is_used.size(), [&](HostIndex host) { return is_used[host]; });
}

/// Each caller that keeps connections, as often as it does.
[[nodiscard]] std::vector<ServiceIndex> callers_with_pool(const Topology& topology) {
    std::vector<ServiceIndex> callers;
    for (const LinkSpec& link : topology.links) {
        if (link.caller != none && link.connections_max > 0) {
            callers.push_back(link.caller);
        }
    }
    return callers;
}

/// Where a fault may be: services, or what the kind is about instead.
[[nodiscard]] std::vector<std::uint32_t> places_of(const Topology& topology, About about) {
    const std::size_t services = topology.services.size();
    switch (about) {
        case About::nobody:
            return {};
        case About::replica:
        case About::service:
            return all_of(services);
        case About::users:
            return {topology.links[topology.traffic.front().link].target};
        case About::cache:
            return all_of(topology.caches.size());
        case About::pool:
            return callers_with_pool(topology);
        case About::zone:
            return all_of(topology.zones_count);
        case About::host:
            return hosts_in_use(topology);
        case About::one_of_many:
            return such_of(services, [&](ServiceIndex service) {
                return topology.services[service].replicas_count >= 3;
            });
        case About::callee:
            return such_of(services, [&](ServiceIndex service) {
                return !links_of(topology, {service}).empty();
            });
        case About::store:
            return stores_of(topology);
        case About::link:
            return links_of(topology, all_of(services));
        case About::query:
            return links_of(topology, stores_of(topology));
    }
    return {};
}

/// Where the fault is; false: this topology has no such place.
[[nodiscard]] bool draw_place(Rng& rng, const Topology& topology, InjectedFault& fault) {
    const About about = nature_of(fault.kind).about;
    if (about == About::nobody) {
        return true;
    }
    const std::vector<std::uint32_t> places = places_of(topology, about);
    if (places.empty()) {
        return false;
    }
    const std::uint32_t place =
        about == About::users ? places.front() : places[draw_index(rng, places.size())];
    if (about == About::cache || about == About::zone || about == About::host) {
        fault.replica = place;
        return true;
    }
    if (about == About::link || about == About::query) {
        fault.service = topology.links[place].caller;
        fault.replica = place;
        return true;
    }
    fault.service = place;
    const std::uint32_t replicas = topology.services[place].replicas_count;
    const bool may_be_all = about == About::replica || about == About::pool;
    if (about == About::one_of_many || (may_be_all && draw_chance(rng, 0.8))) {
        fault.replica = draw_index(rng, replicas);
    }
    return true;
}

}  // namespace

double usual_strength(FaultKind kind) {
    return nature_of(kind).strength;
}

bool may_heal(FaultKind kind) {
    return nature_of(kind).may_end;
}

bool can_have(const Topology& topology, FaultKind kind) {
    const About about = nature_of(kind).about;
    return about == About::nobody || !places_of(topology, about).empty();
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
        case About::host:
            place = fmt::format("host {}", fault.replica);
            break;
        case About::link:
        case About::query:
            place += " -> " + topology.services[topology.links.at(fault.replica).target].name;
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
    const auto kind = static_cast<FaultKind>(draw_index(rng, drawn_kinds_count));
    return draw_fault_of(rng, topology, kind);
}

}  // namespace homeostat::sim
