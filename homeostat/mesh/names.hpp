#pragma once

// The names of the mesh. Each is a type of its own, so that a route cannot stand where a mode
// belongs; all of them come from the catalogues of both sides, never from a message.
//
// Pure. Values only.

#include "homeostat/base/id.hpp"

namespace homeostat::mesh {

using AgentId = Id<struct AgentTag>;  ///< The agent of one service: "cart".
using RouteId = Id<struct RouteTag>;  ///< One kind of call from a caller to a callee: "quotes".
using ModeId = Id<struct ModeTag>;    ///< A reduced mode of a route: "cached_quotes".

constexpr std::size_t mode_bytes_max = 24;  ///< Four of them and the rest fit into 1 KiB.

}  // namespace homeostat::mesh
