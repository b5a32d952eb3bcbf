// Topologies: the demo's by hand, any number of others by chance.

#include "homeostat/base/ensure.hpp"
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

/// What a request of a service takes in all, from the last called to the first.
[[nodiscard]] std::vector<double> hold_times(const Topology& topology) {
    std::vector<double> hold_ms(topology.services.size());
    for (std::size_t index = topology.services.size(); index-- > 0;) {
        hold_ms[index] = topology.services[index].own_time_ms;
        for (const LinkSpec& link : topology.links) {
            if (link.caller == index) {
                hold_ms[index] += link.calls_per_request * hold_ms[link.target];
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
            const double hit =
                link.cache == none ? 0 : 0.8 * topology.caches[link.cache].hit_share_max;
            per_s[link.target] += per_s[link.caller] * link.calls_per_request * (1 - hit);
        }
    }
    return per_s;
}

void size_services(Rng& rng, Topology& topology) {
    const std::vector<double> hold_ms = hold_times(topology);
    const std::vector<double> per_s = demands(topology);
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        ServiceSpec& service = topology.services[index];
        const double load = draw_between(rng, load_min, load_max);
        const double workers =
            per_s[index] * hold_ms[index] / 1'000 / load / service.replicas_count;
        service.workers = static_cast<std::uint32_t>(std::max(4.0, std::ceil(workers)));
        service.queue_max = service.workers * draw_between(rng, 2, 40);
        service.timeout_ms = std::clamp(hold_ms[index] * 12, 200.0, 3'000.0);
    }
    for (LinkSpec& link : topology.links) {
        if (link.caller != none && link.connections_max > 0) {
            link.connections_max = topology.services[link.caller].workers;
        }
    }
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
    size_services(rng, topology);
    // A day's wave and the users' promise follow what the services can do.
    topology.traffic.back().slow_ms = topology.services.front().timeout_ms / 2;
    return topology;
}

Topology draw_topology(Rng& rng, std::uint32_t services_count_max) {
    ensure(services_count_max >= 3, "a drawn world has three services at least");
    return draw_topology_of(rng, static_cast<std::uint32_t>(rng.between(3, services_count_max)));
}

}  // namespace homeostat::sim
