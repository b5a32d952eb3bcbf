#pragma once

// service_load: what an agent tells its neighbours of its own service, and of a route, made of one
// window of the edge.
//
// Pure. Values only.

#include "homeostat/heal/edge_windows.hpp"
#include "homeostat/mesh/mesh.hpp"

#include <cstdint>

namespace homeostat::heal {

/// What this service can serve, and how it is, by one window of its own edge.
///
/// What it can serve is what its operator has declared, less what its answers take longer than
/// usual; and what it has just served is possible in any case. A queue or errors say that it cannot
/// do what is asked of it now; slower answers alone say that it could do less than usual.
[[nodiscard]] mesh::Load load_of(const EdgeWindow& window,
                                 std::uint32_t declared_rps,
                                 std::uint32_t floor_rps,
                                 const mesh::Limits& limits);

/// What a caller saw of a route. `p95_ms` is 0: proxies that keep a mean alone do not say.
[[nodiscard]] mesh::Evidence evidence_of(const EdgeWindow& window);

/// Calls a second that there would be if none were held back: of those that passed.
[[nodiscard]] std::uint32_t calls_before(double passed_rps, std::uint32_t permille);

/// So many of a thousand calls are more than `rps_max`; never more than the floor leaves.
[[nodiscard]] std::uint32_t permille_over(std::uint32_t rps_max,
                                          std::uint32_t calls_rps,
                                          std::uint32_t floor_rps);

}  // namespace homeostat::heal
