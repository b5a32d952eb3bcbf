// Topologies: the demo's by hand, any number of others by chance.

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/world/draws.hpp"
#include "homeostat/sim/world/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace homeostat::sim {

namespace {

/// Shares of the work that a drawn world is built for; a surge of 2 passes the upper one.
constexpr double load_min = 0.3;
constexpr double load_max = 0.6;

[[nodiscard]] CacheIndex draw_cache(Rng& rng, Topology& topology) {
    CacheSpec cache;
    cache.name = fmt::format("cache{}", topology.caches.size());
    cache.keys_count = draw_between(rng, 200, 5'000);
    cache.hit_share_max = draw_between(rng, 0.6, 0.95);
    cache.lives_s = draw_between(rng, 30, 600);
    cache.refreshes_s = draw_chance(rng, 0.3) ? 0.5 : 0;
    cache.is_local = draw_chance(rng, 0.3);
    topology.caches.push_back(cache);
    return static_cast<CacheIndex>(topology.caches.size() - 1);
}

[[nodiscard]] LinkSpec draw_link(Rng& rng,
                                 Topology& topology,
                                 ServiceIndex caller,
                                 ServiceIndex target) {
    LinkSpec link{.caller = caller, .target = target};
    link.calls_per_request = draw_between(rng, 0.2, 1);
    link.attempts_max = static_cast<std::uint32_t>(rng.between(1, 3));
    link.retry_budget = draw_chance(rng, 0.5) ? 0.1 : 0;
    link.is_required = draw_chance(rng, 0.8);
    link.has_circuit = draw_chance(rng, 0.7);
    link.connections_max = draw_chance(rng, 0.25) ? 1 : 0;  // Sized with the workers.
    link.cache = draw_chance(rng, 0.25) ? draw_cache(rng, topology) : none;
    return link;
}

/// One that stands a little before the target, so that chains grow deep.
[[nodiscard]] ServiceIndex draw_caller(Rng& rng, ServiceIndex target) {
    const std::int64_t before = rng.between(1, 5);
    return target > before ? target - static_cast<ServiceIndex>(before) : 0;
}

void draw_links(Rng& rng, Topology& topology) {
    const auto count = static_cast<ServiceIndex>(topology.services.size());
    for (ServiceIndex target = 1; target < count; ++target) {
        const ServiceIndex caller = draw_caller(rng, target);
        topology.links.push_back(draw_link(rng, topology, caller, target));
        const bool has_second = draw_chance(rng, 0.3);
        const ServiceIndex second = draw_caller(rng, target);
        if (has_second && second != caller) {
            topology.links.push_back(draw_link(rng, topology, second, target));
        }
    }
    std::ranges::sort(topology.links, {},
                      [](const LinkSpec& link) { return std::pair(link.caller, link.target); });
}

/// Of the reads of a link, those that its cache answers as long as it is warm.
[[nodiscard]] double hits_of(const Topology& topology, const LinkSpec& link) {
    return link.cache == none ? 0 : 0.8 * topology.caches[link.cache].hit_share_max;
}

/// How services are sized.
struct Sizing {
    double workers_min{4};
    bool counts_hits{false};  ///< Callers are sized for warm caches, not for what they save.
};

/// What a request of a service takes in all, from the last called to the first.
[[nodiscard]] std::vector<double> hold_times(const Topology& topology, const Sizing& sizing) {
    std::vector<double> hold_ms(topology.services.size());
    for (std::size_t index = topology.services.size(); index-- > 0;) {
        hold_ms[index] = topology.services[index].own_time_ms;
        for (const LinkSpec& link : topology.links) {
            if (link.caller == index && link.is_awaited) {
                const double asked = sizing.counts_hits ? 1 - hits_of(topology, link) : 1;
                hold_ms[index] += link.calls_per_request * hold_ms[link.target] * asked;
            }
        }
    }
    return hold_ms;
}

/// Requests per second that reach each service while its callers' caches are warm.
[[nodiscard]] std::vector<double> demands(const Topology& topology) {
    std::vector<double> per_s(topology.services.size());
    for (const TrafficSpec& traffic : topology.traffic) {
        per_s[topology.links[traffic.link].target] += traffic.rate_per_s;
    }
    for (const LinkSpec& link : topology.links) {
        if (link.caller != none) {
            per_s[link.target] +=
                per_s[link.caller] * link.calls_per_request * (1 - hits_of(topology, link));
        }
    }
    return per_s;
}

void size_services(Rng& rng, Topology& topology, const Sizing& sizing) {
    const std::vector<double> hold_ms = hold_times(topology, sizing);
    const std::vector<double> per_s = demands(topology);
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        ServiceSpec& service = topology.services[index];
        const double load = draw_between(rng, load_min, load_max);
        const double workers =
            per_s[index] * hold_ms[index] / 1'000 / load / service.replicas_count;
        service.workers =
            static_cast<std::uint32_t>(std::max(sizing.workers_min, std::ceil(workers)));
        service.queue_max = service.workers * draw_between(rng, 2, 40);
        service.timeout_ms = std::clamp(hold_ms[index] * 12, 200.0, 3'000.0);
        service.descriptors_max = std::max(1'024.0, 4.0 * service.workers);
    }
    for (LinkSpec& link : topology.links) {
        if (link.caller != none && link.connections_max > 0) {
            link.connections_max = topology.services[link.caller].workers;
        }
    }
}

// --- Estates
// ---------------------------------------------------------------------------------------

constexpr std::uint32_t depth_max = 4;

/// How deep each service stands, the gateway at 0. Ascending, and none is left out.
[[nodiscard]] std::vector<std::uint32_t> draw_depths(Rng& rng, std::uint32_t services_count) {
    const std::uint32_t deepest = static_cast<std::uint32_t>(
        rng.between(1, std::min<std::int64_t>(depth_max, services_count - 1)));
    std::vector<std::uint32_t> depths{0};
    for (std::uint32_t index = 1; index < services_count; ++index) {
        depths.push_back(index <= deepest ? index
                                          : static_cast<std::uint32_t>(rng.between(1, deepest)));
    }
    std::ranges::sort(depths);
    return depths;
}

/// The first of each depth calls others, so that there is somebody who calls the next.
[[nodiscard]] ServiceKind draw_kind(Rng& rng, bool is_first, bool is_last_depth) {
    const double chance = rng.unit();
    if (is_first) {
        return is_last_depth && chance < 0.5 ? ServiceKind::database : ServiceKind::service;
    }
    if (chance < (is_last_depth ? 0.5 : 0.25)) {
        return ServiceKind::database;
    }
    return chance < 0.6 && !is_last_depth && chance >= 0.45 ? ServiceKind::queue
                                                            : ServiceKind::service;
}

void draw_counts(Rng& rng, ServiceSpec& service) {
    const bool is_store = service.kind == ServiceKind::database;
    service.replicas_count = static_cast<std::uint32_t>(rng.between(1, is_store ? 3 : 8));
    service.spares_count = is_store ? 0 : static_cast<std::uint32_t>(rng.between(0, 3));
    service.older_versions.deploy = static_cast<std::uint32_t>(rng.between(0, 3));
    service.older_versions.config = static_cast<std::uint32_t>(rng.between(0, 2));
}

[[nodiscard]] double draw_own_time(Rng& rng, ServiceKind kind) {
    switch (kind) {
        case ServiceKind::gateway:
            return draw_between(rng, 1, 5);
        case ServiceKind::queue:
            return draw_between(rng, 0.5, 3);
        case ServiceKind::database:
            return draw_between(rng, 2, 15);
        case ServiceKind::service:
            return draw_between(rng, 3, 30);
    }
    return 1;
}

[[nodiscard]] ServiceSpec draw_service(Rng& rng, ServiceKind kind, std::uint32_t number) {
    ServiceSpec service;
    service.name = fmt::format("{}{}", to_text(kind), number);
    service.kind = kind;
    draw_counts(rng, service);
    service.own_time_ms = draw_own_time(rng, kind);
    service.cpu_share = draw_between(rng, 0.1, 0.5);
    const bool is_store = kind == ServiceKind::database;
    service.start_s = draw_between(rng, is_store ? 2 : 0.3, is_store ? 10 : 5);
    service.warm_up_s = draw_between(rng, 0, 20);
    service.memory_base_mb = draw_between(rng, 40, 300);
    service.memory_max_mb = service.memory_base_mb * draw_between(rng, 2, 5);
    service.drops_expired = draw_chance(rng, 0.2);
    service.is_stalled_by_memory = draw_chance(rng, 0.3);
    service.restarts_itself_after_s = draw_chance(rng, 0.5) ? draw_between(rng, 1, 10) : 0;
    service.outlier_error_share = draw_chance(rng, 0.2) ? 0.8 : 0;
    return service;
}

[[nodiscard]] LinkSpec draw_estate_link(Rng& rng,
                                        Topology& topology,
                                        ServiceIndex caller,
                                        ServiceIndex target) {
    const bool is_store = topology.services[target].kind == ServiceKind::database;
    LinkSpec link{.caller = caller, .target = target};
    link.calls_per_request = draw_between(rng, 0.2, is_store ? 1.5 : 1);
    link.attempts_max = static_cast<std::uint32_t>(rng.between(1, 3));
    link.retry_budget = draw_chance(rng, 0.6) ? 0.1 : 0;
    link.is_awaited = topology.services[caller].kind != ServiceKind::queue;
    link.is_required = link.is_awaited && draw_chance(rng, is_store ? 0.9 : 0.7);
    link.fallback_quality = draw_between(rng, 0.5, 0.95);
    link.has_circuit = draw_chance(rng, is_store ? 0.3 : 0.7);
    link.connections_max = is_store || draw_chance(rng, 0.2) ? 1 : 0;  // Sized with the workers.
    link.cache = link.is_awaited && draw_chance(rng, is_store ? 0.35 : 0.15)
                     ? draw_cache(rng, topology)
                     : none;
    if (link.cache != none) {
        link.calls_per_request = draw_between(rng, 1, 4);  // Many reads are why it is there.
        topology.caches[link.cache].hit_share_max = draw_between(rng, 0.7, 0.98);
    }
    return link;
}

/// Somebody at the depth before calls each one; a third is called by one more.
void draw_estate_links(Rng& rng, Topology& topology, const std::vector<std::uint32_t>& depths) {
    const auto draw_one_of = [&](std::uint32_t from, std::uint32_t to) {
        std::vector<ServiceIndex> callers;
        for (ServiceIndex index = 0; index < depths.size(); ++index) {
            if (depths[index] >= from && depths[index] <= to &&
                topology.services[index].kind != ServiceKind::database) {
                callers.push_back(index);
            }
        }
        return callers[static_cast<std::size_t>(
            rng.between(0, static_cast<std::int64_t>(callers.size()) - 1))];
    };
    for (ServiceIndex target = 1; target < depths.size(); ++target) {
        const std::uint32_t before = depths[target] - 1;
        const ServiceIndex caller = draw_one_of(before, before);
        topology.links.push_back(draw_estate_link(rng, topology, caller, target));
        const ServiceIndex second = draw_one_of(0, before);
        if (draw_chance(rng, 0.35) && second != caller) {
            topology.links.push_back(draw_estate_link(rng, topology, second, target));
        }
    }
    std::ranges::sort(topology.links, {},
                      [](const LinkSpec& link) { return std::pair(link.caller, link.target); });
}

void draw_estate_users(Rng& rng, Topology& topology) {
    topology.links.push_back({.attempts_max = static_cast<std::uint32_t>(rng.between(1, 2)),
                              .retry_budget = draw_chance(rng, 0.5) ? 0.2 : 0});
    TrafficSpec traffic{.link = static_cast<LinkIndex>(topology.links.size() - 1)};
    traffic.rate_per_s = draw_between(rng, 50, 500);
    traffic.day_begins_at_s = draw_between(rng, 0, 86'400);
    traffic.swing = draw_chance(rng, 0.5) ? draw_between(rng, 0.05, 0.4) : 0;
    if (draw_chance(rng, 0.3)) {
        traffic.burst_every_s = draw_between(rng, 30, 300);
        traffic.burst_for_s = draw_between(rng, 3, 15);
        traffic.burst_factor = draw_between(rng, 1.15, 1.5);
    }
    topology.traffic.push_back(traffic);
}

/// As large as is filled within a minute or two, and kept long enough to be worth it.
void size_cache(Rng& rng, CacheSpec& cache, double reads_per_s) {
    const double fills_s = draw_between(rng, 5, 120);
    cache.keys_count = std::max(10.0, reads_per_s * cache.hit_share_max * fills_s);
    cache.lives_s = fills_s * draw_between(rng, 10, 60);
}

/// What stores accept, and how many cores a host has, follow from what there is.
void size_estate(Rng& rng, Topology& topology) {
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        ServiceSpec& service = topology.services[index];
        double kept = 0;
        for (LinkIndex link = 0; link < topology.links.size(); ++link) {
            const LinkSpec& spec = topology.links[link];
            if (spec.target == index && spec.caller != none) {
                kept +=
                    topology.services[spec.caller].replicas_count * topology.connections_of(link);
            }
        }
        const double room = draw_between(rng, 1.1, 2);
        service.connections_max =
            service.kind == ServiceKind::database ? std::ceil(kept * room) : 0;
    }
    const std::vector<double> per_s = demands(topology);
    for (const LinkSpec& link : topology.links) {
        if (link.cache != none) {
            size_cache(rng, topology.caches[link.cache],
                       per_s[link.caller] * link.calls_per_request);
        }
    }
    double cores = 0;
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        const ServiceSpec& service = topology.services[index];
        cores += per_s[index] * service.own_time_ms * service.cpu_share / 1'000;
    }
    const double busy_share = draw_between(rng, 0.2, 0.6);
    topology.host_cores = std::max(2.0, std::ceil(cores / topology.hosts_count() / busy_share));
}

}  // namespace

Topology payment_gateway() {
    Topology topology;
    ServiceSpec payments{.name = "payments", .replicas_count = 3, .spares_count = 2};
    payments.own_time_ms = 17;
    payments.queue_max = 64;
    payments.start_s = 0.3;
    payments.warm_up_s = 0;
    payments.is_stalled_by_memory = true;
    payments.memory_base_mb = 10;
    payments.memory_max_mb = 120;
    ServiceSpec fraud{.name = "fraud", .replicas_count = 2, .workers = 32, .own_time_ms = 6};
    fraud.timeout_ms = 200;
    fraud.start_s = 0.3;
    fraud.warm_up_s = 0;
    ServiceSpec rates{.name = "rates", .replicas_count = 1, .workers = 16, .own_time_ms = 4};
    rates.timeout_ms = 200;
    rates.start_s = 0.3;
    rates.warm_up_s = 0;
    topology.services = {payments, fraud, rates};
    topology.caches = {{.name = "quotes",
                        .keys_count = 5,
                        .hit_share_max = 1,
                        .hit_ms = 1.5,
                        .lives_s = 5,
                        .refreshes_s = 0.5}};
    topology.links = {{.caller = 0, .target = 1},
                      {.caller = 0, .target = 2, .has_circuit = false, .cache = 0},
                      {.caller = none, .target = 0, .attempts_max = 1}};
    topology.traffic = {{.link = 2, .rate_per_s = 200}};
    topology.zones_count = 1;
    return topology;
}

Topology draw_topology_of(Rng& rng, std::uint32_t services_count) {
    ensure(services_count >= 1 && services_count <= services_max, "a world has 1 to 64 services");
    Topology topology;
    for (std::uint32_t index = 0; index < services_count; ++index) {
        ServiceSpec service;
        service.name = fmt::format("service{}", index);
        service.replicas_count = static_cast<std::uint32_t>(rng.between(2, 5));
        service.spares_count = static_cast<std::uint32_t>(rng.between(0, 2));
        service.own_time_ms = draw_between(rng, 3, 30);
        service.start_s = draw_between(rng, 0.3, 5);
        service.warm_up_s = draw_between(rng, 0, 20);
        service.drops_expired = draw_chance(rng, 0.2);
        service.is_stalled_by_memory = draw_chance(rng, 0.3);
        service.restarts_itself_after_s = draw_chance(rng, 0.3) ? draw_between(rng, 1, 10) : 0;
        service.outlier_error_share = draw_chance(rng, 0.2) ? 0.8 : 0;
        topology.services.push_back(service);
    }
    draw_links(rng, topology);
    LinkSpec users;
    users.attempts_max = static_cast<std::uint32_t>(rng.between(1, 3));
    users.retry_budget = draw_chance(rng, 0.3) ? 0.2 : 0;
    topology.links.push_back(users);
    topology.traffic.push_back({.link = static_cast<LinkIndex>(topology.links.size() - 1),
                                .rate_per_s = draw_between(rng, 50, 400),
                                .swing = draw_between(rng, 0, 0.3),
                                .day_begins_at_s = draw_between(rng, 0, 86'400)});
    size_services(rng, topology, {});
    // A day's wave and the users' promise follow what the services can do.
    topology.traffic.back().slow_ms = topology.services.front().timeout_ms / 2;
    return topology;
}

Topology draw_estate(Rng& rng, std::uint32_t services_count_max) {
    ensure(services_count_max >= 3 && services_count_max <= services_max,
           "an estate has 3 to 64 services");
    Topology topology;
    const std::vector<std::uint32_t> depths =
        draw_depths(rng, static_cast<std::uint32_t>(rng.between(3, services_count_max)));
    for (std::uint32_t index = 0; index < depths.size(); ++index) {
        const bool is_first = index == 0 || depths[index - 1] != depths[index];
        const bool is_last_depth = depths[index] == depths.back();
        const ServiceKind kind =
            index == 0 ? ServiceKind::gateway : draw_kind(rng, is_first, is_last_depth);
        topology.services.push_back(draw_service(rng, kind, index));
    }
    topology.zones_count = static_cast<std::uint32_t>(rng.between(1, 3));
    topology.hosts_per_zone = static_cast<std::uint32_t>(rng.between(2, 6));
    draw_estate_links(rng, topology, depths);
    draw_estate_users(rng, topology);
    size_services(rng, topology, {.workers_min = 2, .counts_hits = true});
    size_estate(rng, topology);
    topology.traffic.back().slow_ms = topology.services.front().timeout_ms / 2;
    return topology;
}

Topology draw_topology(Rng& rng, std::uint32_t services_count_max) {
    ensure(services_count_max >= 3, "a drawn world has three services at least");
    return draw_topology_of(rng, static_cast<std::uint32_t>(rng.between(3, services_count_max)));
}

}  // namespace homeostat::sim
