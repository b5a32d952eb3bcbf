#pragma once

// The checks of `homeostat doctor` for two roles that are two processes: each side of the door.

#include "homeostat/app/config.hpp"
#include "homeostat/app/doctor_checks.hpp"

#include <vector>

namespace homeostat::app {

/// Whether the agent's key is one that the executor hears, and whether both answer; nothing where
/// both roles are one process. Asks each once, and changes nothing.
[[nodiscard]] std::vector<Check> check_two_roles(const Config& config);

}  // namespace homeostat::app
