#pragma once

// FleetState: how the budget of the fleet has answered, for `status` and the metrics.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace homeostat::app {

/// How the budget has answered since the agent's start.
struct FleetState {
    std::string name;
    std::uint64_t granted_count{0};
    std::uint64_t full_count{0};
    std::uint64_t unreachable_count{0};
    std::string says{};  ///< What it said last; empty: nothing yet.
    std::optional<WallTime> said_at{};

    static void fields(auto& self, auto&& field) {
        field("name", self.name);
        field("granted_count", self.granted_count);
        field("full_count", self.full_count);
        field("unreachable_count", self.unreachable_count);
        field("says", self.says);
        field("said_at_wall_ms", self.said_at);
    }
};

}  // namespace homeostat::app
