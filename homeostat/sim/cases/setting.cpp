#include "homeostat/sim/cases/setting.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace homeostat::sim::cases {

namespace {

/// Small worlds are as instructive as large ones, and a case of one is as large as it.
[[nodiscard]] std::uint32_t draw_count_max(Rng& rng) {
    const double u = rng.unit();
    if (u < 0.35) {
        return 8;
    }
    return u < 0.75 ? 20 : services_count_max;
}

[[nodiscard]] Topology draw_topology_for(Rng& rng, const CaseOrder& order) {
    if (order.services_count == 0) {
        return draw_estate(rng, draw_count_max(rng));
    }
    Topology topology = draw_estate(rng, order.services_count);
    while (topology.services.size() != order.services_count) {
        topology = draw_estate(rng, order.services_count);
    }
    return topology;
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
    topology = draw_topology_for(rng, order);
    setting.zones = draw_zones(rng, topology.zones_count);
    const std::int64_t number = rng.between(1, 99);
    for (HostIndex host = 0; host < topology.hosts_count(); ++host) {
        setting.hosts.push_back(fmt::format("node-{}", number + host));
    }
    std::set<std::string> taken;
    for (ServiceSpec& service : topology.services) {
        service.name = draw_name(rng, order.split, to_text(service.kind), taken);
        setting.names.push_back(
            {draw_versions(rng, version_names_count), draw_versions(rng, version_names_count)});
    }
    for (CacheSpec& cache : topology.caches) {
        cache.name = draw_name(rng, order.split, "cache", taken);
        cache.has_reroute = draw_chance(rng, 0.85);
    }
    setting.reach = reaches(topology);
    return setting;
}

}  // namespace homeostat::sim::cases
