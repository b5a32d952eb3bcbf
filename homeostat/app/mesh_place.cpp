#include "homeostat/app/mesh_place.hpp"

#include "homeostat/app/mesh_key.hpp"
#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace homeostat::app {

namespace {

/// Neighbours with which a mode can be agreed on.
std::vector<NeighbourConfig> agreeing_of(const Config& config) {
    std::vector<NeighbourConfig> agreeing;
    std::ranges::copy_if(config.neighbours, std::back_inserter(agreeing),
                         [](const NeighbourConfig& one) { return one.agent.has_value(); });
    return agreeing;
}

/// Neighbours and callers, each once.
std::map<std::string, PeerConfig> agents_of(const Config& config) {
    std::map<std::string, PeerConfig> agents;
    for (const NeighbourConfig& neighbour : agreeing_of(config)) {
        agents.emplace(neighbour.service.text(), *neighbour.agent);
    }
    for (const MeshCallerConfig& caller : config.mesh->callers) {
        agents.emplace(caller.service.text(), caller.agent);
    }
    return agents;
}

std::vector<mesh::ModeSettings> modes_of(const std::vector<std::string>& names) {
    std::vector<mesh::ModeSettings> modes;
    for (const std::string& name : names) {
        const auto depth = static_cast<std::uint32_t>(modes.size() + 1);
        modes.push_back({.id = mesh::ModeId(name), .depth = depth, .via = {}});
    }
    return modes;
}

std::vector<std::string> names_of(const std::vector<ReducedModeConfig>& modes) {
    std::vector<std::string> names;
    for (const ReducedModeConfig& mode : modes) {
        names.push_back(mode.mode);
    }
    return names;
}

std::string node_of(const std::string& service) {
    return fmt::format("{}[\"{}\"]", service, service);
}

/// What stands on an arrow.
std::string label_of(const std::vector<std::string>& modes) {
    return fmt::format("|\"{}\"|", fmt::join(modes, ", "));
}

}  // namespace

mesh::RouteId route_to(const ServiceId& callee) {
    return mesh::RouteId(callee.text());
}

Result<mesh::Settings> mesh_settings_of(const Config& config) {
    mesh::Settings settings;
    settings.self = mesh::AgentId(config.service.text());
    for (const auto& [name, peer] : agents_of(config)) {
        settings.neighbours.emplace_back(name);
    }
    for (const NeighbourConfig& neighbour : agreeing_of(config)) {
        settings.routes.push_back({.route = route_to(neighbour.service),
                                   .callee = mesh::AgentId(neighbour.service.text()),
                                   .floor_rps = neighbour.floor_rps,
                                   .modes = modes_of(names_of(neighbour.reduced_modes))});
    }
    for (const MeshCallerConfig& caller : config.mesh->callers) {
        settings.callers.push_back({.caller = mesh::AgentId(caller.service.text()),
                                    .route = route_to(config.service),
                                    .modes = modes_of(caller.modes)});
    }
    settings.limits.ttl = config.mesh->ttl;
    if (const std::optional<std::string> objection = mesh::objection_to(settings)) {
        return fail(Fault::invalid, "mesh: " + *objection);
    }
    return settings;
}

mesh::Keyring keyring_of(const Config& config) {
    mesh::Keyring keyring;
    for (const auto& [name, peer] : agents_of(config)) {
        const std::optional<mesh::PublicKey> key = parse_key(peer.key);
        ensure(key.has_value(), "a configuration holds keys only");
        keyring.emplace(mesh::AgentId(name), *key);
    }
    return keyring;
}

std::map<mesh::RouteId, ServiceId> dimmed_neighbours_of(const Config& config) {
    std::map<mesh::RouteId, ServiceId> neighbours;
    for (const NeighbourConfig& neighbour : agreeing_of(config)) {
        neighbours.emplace(route_to(neighbour.service), neighbour.service);
    }
    return neighbours;
}

std::vector<guard::DimmerLimits> dimmer_limits_of(const Config& config) {
    std::vector<guard::DimmerLimits> limits;
    for (const NeighbourConfig& neighbour : agreeing_of(config)) {
        limits.push_back({.neighbour = neighbour.service, .floor_rps = neighbour.floor_rps});
    }
    return limits;
}

Result<std::map<std::string, net::Endpoint>> peers_of(const Config& config) {
    std::map<std::string, net::Endpoint> peers;
    for (const auto& [name, peer] : agents_of(config)) {
        const Result<net::Address> address = net::parse_endpoint(peer.url);
        if (!address) {
            return fail(name, address.error());
        }
        peers.emplace(name, address->endpoint);
    }
    return peers;
}

std::string mesh_drawing(const Config& config) {
    std::string text = "flowchart LR\n";
    const std::string& self = config.service.text();
    text += "    " + node_of(self) + "\n";
    for (const NeighbourConfig& neighbour : config.neighbours) {
        const std::string label =
            neighbour.agent ? label_of(names_of(neighbour.reduced_modes)) : std::string();
        text += fmt::format("    {} {}{} {}\n", self, neighbour.agent ? "-->" : "-.->", label,
                            node_of(neighbour.service.text()));
    }
    const auto callers = config.mesh ? config.mesh->callers : std::vector<MeshCallerConfig>{};
    for (const MeshCallerConfig& caller : callers) {
        text += fmt::format("    {} -->{} {}\n", node_of(caller.service.text()),
                            label_of(caller.modes), self);
    }
    return text;
}

}  // namespace homeostat::app
