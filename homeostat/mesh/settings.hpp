#pragma once

// Settings: what this agent's configuration says of its neighbours. Names that are not here are
// refused, whoever sends them.
//
// Pure. Values only.

#include "homeostat/mesh/limits.hpp"
#include "homeostat/mesh/names.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::mesh {

/// One way in which a route can do with less.
struct ModeSettings {
    ModeId id;
    std::uint32_t depth{1};      ///< 1 is the mildest; a change goes one deeper at most.
    std::optional<AgentId> via;  ///< The third service that takes what the callee no longer gets.
};

/// A route of which this agent's service is the caller.
struct RouteSettings {
    RouteId route;
    AgentId callee;
    std::uint32_t floor_rps{0};       ///< Critical requests. Whoever asks, no promise goes below.
    std::vector<ModeSettings> modes;  ///< Best first for the users; one to four of each depth.
};

/// A route of which it is the callee.
struct CallerSettings {
    AgentId caller;
    RouteId route;
    std::vector<ModeSettings> modes;  ///< As the caller declares them, mildest first.
};

/// A route whose caller may ask it for capacity.
struct BorrowerSettings {
    AgentId caller;
    RouteId route;
};

struct Settings {
    AgentId self;
    std::vector<AgentId> neighbours;  ///< Those whose keys are on the ring; they get beacons.
    std::vector<RouteSettings> routes;
    std::vector<CallerSettings> callers;
    std::vector<BorrowerSettings> borrowers;
    Limits limits;
};

/// What is wrong with them, as a sentence for whoever wrote them; none: nothing.
[[nodiscard]] std::optional<std::string> objection_to(const Settings& settings);

}  // namespace homeostat::mesh
