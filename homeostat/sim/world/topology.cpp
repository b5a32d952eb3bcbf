#include "homeostat/sim/world/topology.hpp"

#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace homeostat::sim {

namespace {

constexpr std::uint32_t older_versions_max = 8;

[[nodiscard]] Result<void> check_service(const ServiceSpec& service) {
    const std::uint32_t replicas = service.replicas_count + service.spares_count;
    const bool is_sound = is_plain_name(service.name) && service.replicas_count > 0 &&
                          replicas <= replicas_per_service_max && service.workers > 0 &&
                          service.own_time_ms > 0 && service.timeout_ms > 0 &&
                          service.queue_max >= 0 && service.cold_factor >= 1 &&
                          service.start_s >= 0 && service.warm_up_s >= 0 &&
                          service.memory_base_mb < service.memory_max_mb &&
                          descriptors_base + service.workers < service.descriptors_max &&
                          service.connections_max >= 0 &&
                          std::max(service.older_versions.deploy, service.older_versions.config) <=
                              older_versions_max;
    return is_sound ? Result<void>{}
                    : fail(Fault::invalid, fmt::format("service '{}': a name, workers, times or "
                                                       "limits that no service has",
                                                       service.name));
}

[[nodiscard]] Result<void> check_link(const Topology& topology, LinkIndex index) {
    const LinkSpec& link = topology.links[index];
    const auto refuse = [&](const char* why) {
        return fail(Fault::invalid, fmt::format("link {}: {}", index, why));
    };
    if (link.target >= topology.services.size()) {
        return refuse("its target is no service");
    }
    if (link.caller != none && link.caller >= link.target) {
        return refuse("a caller stands before those that it calls");
    }
    if (index > 0 && topology.links[index - 1].caller > link.caller) {
        return refuse("links are ordered by caller, those of users last");
    }
    if (link.cache != none && link.cache >= topology.caches.size()) {
        return refuse("its cache is none");
    }
    if (!link.is_awaited && link.is_required) {
        return refuse("who does not wait for an answer does not require one");
    }
    const bool is_sound = link.attempts_max > 0 && link.attempts_max <= 16 &&
                          link.retry_budget >= 0 && link.calls_per_request >= 0 &&
                          link.fallback_quality >= 0 && link.fallback_quality <= 1;
    return is_sound ? Result<void>{} : refuse("its attempts, budget or quality is out of range");
}

[[nodiscard]] Result<void> check_traffic(const Topology& topology, const TrafficSpec& traffic) {
    const bool is_sound = traffic.link < topology.links.size() &&
                          topology.links[traffic.link].caller == none && traffic.rate_per_s >= 0 &&
                          traffic.swing >= 0 && traffic.swing <= 1 && traffic.burst_every_s >= 0 &&
                          traffic.burst_factor >= 0;
    return is_sound
               ? Result<void>{}
               : fail(Fault::invalid, fmt::format("traffic of link {}: no users' link, or a rate "
                                                  "swing or burst out of range",
                                                  traffic.link));
}

}  // namespace

ServiceIndex Topology::find_service(std::string_view name) const {
    const auto found = std::ranges::find(services, name, &ServiceSpec::name);
    return found == services.end() ? none : static_cast<ServiceIndex>(found - services.begin());
}

CacheIndex Topology::find_cache(std::string_view name) const {
    const auto found = std::ranges::find(caches, name, &CacheSpec::name);
    return found == caches.end() ? none : static_cast<CacheIndex>(found - caches.begin());
}

LinkIndex Topology::find_link(ServiceIndex caller, ServiceIndex target) const {
    const auto found = std::ranges::find_if(links, [&](const LinkSpec& link) {
        return link.caller == caller && link.target == target;
    });
    return found == links.end() ? none : static_cast<LinkIndex>(found - links.begin());
}

ReplicaIndex Topology::first_replica(ServiceIndex service) const {
    ensure(service <= services.size(), "a service has an index below their number");
    ReplicaIndex first = 0;
    for (ServiceIndex index = 0; index < service; ++index) {
        first += services[index].replicas_count + services[index].spares_count;
    }
    return first;
}

std::uint32_t Topology::replicas_count() const {
    return first_replica(static_cast<ServiceIndex>(services.size()));
}

ServiceIndex Topology::service_of(ReplicaIndex replica) const {
    ServiceIndex service = 0;
    while (first_replica(service + 1) <= replica) {
        service += 1;
    }
    return service;
}

InstanceId Topology::instance_of(ReplicaIndex replica) const {
    const ServiceIndex service = service_of(replica);
    return InstanceId(
        fmt::format("{}-{}", services[service].name, replica - first_replica(service)));
}

ReplicaIndex Topology::find_replica(const InstanceId& instance) const {
    const std::string_view text = instance.text();
    const std::size_t dash = text.rfind('-');
    if (dash == std::string_view::npos) {
        return none;
    }
    const ServiceIndex service = find_service(text.substr(0, dash));
    std::uint32_t number = none;
    const std::string_view digits = text.substr(dash + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool is_number = read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
    if (service == none || !is_number ||
        number >= services[service].replicas_count + services[service].spares_count) {
        return none;
    }
    return first_replica(service) + number;
}

std::uint32_t Topology::hosts_count() const {
    return hosts_per_zone == 0 ? replicas_count() : zones_count * hosts_per_zone;
}

HostIndex Topology::host_of(ReplicaIndex replica) const {
    if (hosts_per_zone == 0) {
        return replica;
    }
    const ServiceIndex service = service_of(replica);
    const std::uint32_t number = replica - first_replica(service);
    const std::uint32_t place = (service + number / zones_count) % hosts_per_zone;
    return number % zones_count + zones_count * place;
}

double Topology::connections_of(LinkIndex index) const {
    const LinkSpec& link = links.at(index);
    return link.connections_max > 0 ? link.connections_max : services.at(link.caller).workers;
}

Result<void> check(const Topology& topology) {
    if (topology.services.empty() || topology.services.size() > services_max ||
        topology.zones_count == 0 || topology.host_cores <= 0) {
        return fail(Fault::invalid,
                    fmt::format("a world has 1 to {} services, a zone and cores", services_max));
    }
    for (const ServiceSpec& service : topology.services) {
        if (Result<void> sound = check_service(service); !sound) {
            return sound;
        }
    }
    for (LinkIndex index = 0; index < topology.links.size(); ++index) {
        if (Result<void> sound = check_link(topology, index); !sound) {
            return sound;
        }
    }
    for (const CacheSpec& cache : topology.caches) {
        if (cache.keys_count <= 0 || cache.hit_share_max < 0 || cache.hit_share_max > 1) {
            return fail(Fault::invalid,
                        fmt::format("cache '{}': no keys, or a share out of range", cache.name));
        }
    }
    for (const TrafficSpec& traffic : topology.traffic) {
        if (Result<void> sound = check_traffic(topology, traffic); !sound) {
            return sound;
        }
    }
    return {};
}

}  // namespace homeostat::sim
