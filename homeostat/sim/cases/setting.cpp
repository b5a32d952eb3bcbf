#include "homeostat/sim/cases/setting.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace homeostat::sim::cases {

namespace {

[[nodiscard]] std::uint32_t draw_services_count(Rng& rng) {
    // Half of the cases have ten services or fewer, one in five more than 22.
    const double u = rng.unit();
    const double span = services_count_max - services_count_min + 1;
    return services_count_min + static_cast<std::uint32_t>(span * (0.2 * u + 0.8 * u * u * u));
}

[[nodiscard]] bool is_leaf(const Topology& topology, ServiceIndex index) {
    return std::ranges::none_of(topology.links,
                                [&](const LinkSpec& link) { return link.caller == index; });
}

[[nodiscard]] ServiceKind draw_kind(Rng& rng, const Topology& topology, ServiceIndex index) {
    if (index == 0) {
        return ServiceKind::gateway;
    }
    if (!is_leaf(topology, index)) {
        return ServiceKind::service;
    }
    const double u = rng.unit();
    if (u < 0.5) {
        return ServiceKind::database;
    }
    return u < 0.65 ? ServiceKind::queue : ServiceKind::service;
}

/// A database cannot be scaled, and has few replicas that carry as much.
void make_database(ServiceSpec& service) {
    const double workers = service.workers;
    const double replicas = service.replicas_count;
    service.spares_count = 0;
    service.replicas_count = std::min<std::uint32_t>(service.replicas_count, 3);
    service.workers =
        static_cast<std::uint32_t>(std::ceil(workers * replicas / service.replicas_count));
}

/// What comes to a queue is worked on later: nobody fails because it does not take it.
void make_queue(Topology& topology, ServiceIndex index) {
    for (LinkSpec& link : topology.links) {
        if (link.target == index) {
            link.is_required = false;
            link.fallback_quality = 0.8;
        }
    }
}

[[nodiscard]] std::vector<double> reaches(const Topology& topology) {
    std::vector<double> reach(topology.services.size());
    reach[0] = 1;
    for (const LinkSpec& link : topology.links) {
        if (link.caller != none) {
            const double hit = link.cache == none ? 0 : topology.caches[link.cache].hit_share_max;
            reach[link.target] += reach[link.caller] * link.calls_per_request * (1 - hit);
        }
    }
    for (double& share : reach) {
        share = std::min(share, 1.0);
    }
    return reach;
}

}  // namespace

const std::string& Setting::version_name(ServiceIndex service,
                                         Artifact artifact,
                                         const VersionId& version) const {
    const std::string_view text = version.text();
    std::size_t number = 0;
    std::from_chars(text.data() + 1, text.data() + text.size(), number);
    return names.at(service)[artifact].at(number - 1);
}

const std::string& Setting::zone_of(ReplicaIndex replica) const {
    const ReplicaIndex first = topology.first_replica(topology.service_of(replica));
    return zones.at((replica - first) % topology.zones_count);
}

const LinkSpec& Setting::link_of(CacheIndex cache) const {
    const auto found = std::ranges::find(topology.links, cache, &LinkSpec::cache);
    ensure(found != topology.links.end(), "a cache stands on a link");
    return *found;
}

Setting draw_setting(Rng& rng, const CaseOrder& order) {
    Setting setting;
    Topology& topology = setting.topology;
    const std::uint32_t drawn_count = draw_services_count(rng);
    topology = draw_topology_of(rng, order.services_count > 0 ? order.services_count : drawn_count);
    topology.zones_count = static_cast<std::uint32_t>(rng.between(1, 4));
    setting.zones = draw_zones(rng, topology.zones_count);
    std::set<std::string> taken;
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        const ServiceKind kind = draw_kind(rng, topology, index);
        setting.kinds.push_back(kind);
        topology.services[index].name = draw_name(rng, order.split, kind, taken);
        setting.names.push_back(
            {draw_versions(rng, version_names_count), draw_versions(rng, version_names_count)});
        if (kind == ServiceKind::database) {
            make_database(topology.services[index]);
        } else if (kind == ServiceKind::queue) {
            make_queue(topology, index);
        }
    }
    for (CacheSpec& cache : topology.caches) {
        cache.name = draw_name(rng, order.split, ServiceKind::cache, taken);
        cache.has_reroute = draw_chance(rng, 0.8);
    }
    setting.reach = reaches(topology);
    return setting;
}

}  // namespace homeostat::sim::cases
