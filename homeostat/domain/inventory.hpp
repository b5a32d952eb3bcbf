#pragma once

// Inventory: what there is to guard, from the configuration. The only source of target names.
//
// Pure. Values only.

#include "homeostat/domain/ids.hpp"

#include <vector>

namespace homeostat {

struct Inventory {
    ServiceId service;
    std::vector<InstanceId> instances;  ///< In order of their index.
    std::vector<ServiceId> neighbours;
    std::vector<ServiceId> circuits;  ///< Neighbours for which the edge can answer itself.
    bool has_versions{false};         ///< A deploy can be rolled back.
    bool has_edge{false};
};

}  // namespace homeostat
