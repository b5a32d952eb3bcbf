#pragma once

// MeshPlace: what of a configuration is about neighbours, as the mesh and its role take it.
//
// Pure.

#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/guard/dimming.hpp"
#include "homeostat/mesh/mesh.hpp"
#include "homeostat/net/endpoint.hpp"

#include <map>
#include <string>
#include <vector>

namespace homeostat::app {

/// The route of a service's calls to another one has the name of who is called, on both sides.
[[nodiscard]] mesh::RouteId route_to(const ServiceId& callee);

/// REQUIRES, as all of these: config.mesh. ERRORS: invalid, with what the mesh objects to.
[[nodiscard]] Result<mesh::Settings> mesh_settings_of(const Config& config);

[[nodiscard]] mesh::Keyring keyring_of(const Config& config);

/// Whose dimmer the modes of each route turn.
[[nodiscard]] std::map<mesh::RouteId, ServiceId> dimmed_neighbours_of(const Config& config);

[[nodiscard]] std::vector<guard::DimmerLimits> dimmer_limits_of(const Config& config);

/// Where each neighbour's agent listens, by its name. ERRORS: invalid, with the name.
[[nodiscard]] Result<std::map<std::string, net::Endpoint>> peers_of(const Config& config);

/// Modes and routes as a drawing in Mermaid.
[[nodiscard]] std::string mesh_drawing(const Config& config);

}  // namespace homeostat::app
