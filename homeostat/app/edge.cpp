#include "homeostat/app/edge.hpp"

#include "homeostat/adapters/envoy/envoy_actuator.hpp"
#include "homeostat/adapters/envoy/envoy_dimmer.hpp"
#include "homeostat/adapters/envoy/envoy_telemetry.hpp"
#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"
#include "homeostat/adapters/haproxy/haproxy_dimmer.hpp"
#include "homeostat/adapters/haproxy/haproxy_telemetry.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/net/endpoint.hpp"

#include <string>
#include <utility>

namespace homeostat::app {

namespace {

namespace haproxy = adapters::haproxy;
namespace envoy = adapters::envoy;

/// A switch that nobody turns back has to outlive what is held, and not by much.
constexpr Duration override_slack = std::chrono::seconds{30};

}  // namespace

Result<haproxy::Options> haproxy_options_of(const Config& config) {
    const Result<net::Endpoint> socket = net::unix_endpoint(config.haproxy->socket.string());
    if (!socket) {
        return fail("edge.haproxy.socket", socket.error());
    }
    haproxy::Options options{.socket = *socket,
                             .service = config.service,
                             .backend = config.haproxy->backend,
                             .servers = {}};
    const auto instances = instances_of(config);
    for (std::size_t index = 0; index < instances.size(); ++index) {
        options.servers.push_back({instances[index].id, config.haproxy->servers.at(index)});
    }
    for (const NeighbourConfig& neighbour : config.neighbours) {
        options.neighbours.push_back(
            {neighbour.service, neighbour.backend, neighbour.circuit, neighbour.dimmer});
    }
    for (const CacheConfig& cache : config.caches) {
        if (cache.reroute) {
            options.routes.push_back({cache.name, cache.reroute->source, cache.reroute->table});
        }
    }
    if (Result<void> checked = haproxy::check(options); !checked) {
        return fail("edge.haproxy", checked.error());
    }
    return options;
}

Result<envoy::Options> envoy_options_of(const Config& config) {
    const std::string& admin = config.envoy->admin;
    const Result<net::Address> address =
        net::parse_endpoint(admin.starts_with("unix:") ? admin : "http://" + admin);
    if (!address) {
        return fail("edge.envoy.admin", address.error());
    }
    envoy::Options options{.admin = address->endpoint,
                           .service = config.service,
                           .cluster = config.envoy->cluster,
                           .endpoints = {},
                           .directory = config.envoy->directory.string()};
    options.override_lasts = config.hold_for + override_slack;
    const auto instances = instances_of(config);
    for (std::size_t index = 0; index < instances.size(); ++index) {
        options.endpoints.push_back({instances[index].id, config.envoy->endpoints.at(index)});
    }
    for (const NeighbourConfig& neighbour : config.neighbours) {
        options.neighbours.push_back(
            {neighbour.service, neighbour.backend, neighbour.circuit, neighbour.dimmer});
    }
    for (const CacheConfig& cache : config.caches) {
        if (cache.reroute) {
            options.routes.push_back({cache.name, cache.reroute->source, cache.reroute->table});
        }
    }
    if (Result<void> checked = envoy::check(options); !checked) {
        return fail("edge.envoy", checked.error());
    }
    return options;
}

Result<std::unique_ptr<Edge>> Edge::make(const Config& config,
                                         boost::asio::any_io_executor executor,
                                         ProcessRole role) {
    const bool acts = role != ProcessRole::agent;
    auto edge = std::unique_ptr<Edge>(new Edge(std::move(executor)));
    if (config.haproxy) {
        Result<haproxy::Options> options = haproxy_options_of(config);
        if (!options) {
            return std::unexpected(options.error());
        }
        edge->haproxy_ = *std::move(options);
    }
    if (edge->haproxy_ && acts) {
        edge->actuator_ =
            std::make_unique<haproxy::HaproxyActuator>(edge->executor_, *edge->haproxy_);
        edge->dimmer_ = std::make_unique<haproxy::HaproxyDimmer>(edge->executor_, *edge->haproxy_);
    }
    if (config.envoy) {
        Result<envoy::Options> options = envoy_options_of(config);
        if (!options) {
            return std::unexpected(options.error());
        }
        edge->envoy_ = std::make_unique<envoy::Admin>(edge->executor_, *std::move(options));
    }
    if (edge->envoy_ && acts) {
        edge->actuator_ = std::make_unique<envoy::EnvoyActuator>(*edge->envoy_);
        edge->dimmer_ = std::make_unique<envoy::EnvoyDimmer>(*edge->envoy_);
    }
    return edge;
}

void Edge::add(std::vector<ports::Telemetry*>& sources) {
    if (haproxy_) {
        telemetry_.push_back(std::make_unique<haproxy::HaproxyTelemetry>(executor_, *haproxy_));
    } else if (envoy_) {
        telemetry_.push_back(std::make_unique<envoy::EnvoyTelemetry>(*envoy_));
    } else {
        return;
    }
    sources.push_back(telemetry_.back().get());
}

}  // namespace homeostat::app
