#pragma once

// Within which bounds the model server runs that the agent starts, and what would give it tighter
// ones. docs/isolation.md tells of all of them.

#include "homeostat/app/doctor_checks.hpp"
#include "homeostat/os/cgroup.hpp"
#include "homeostat/os/confinement.hpp"

#include <functional>
#include <string>

namespace homeostat::app {

/// The group in which the model gets one of its own, divided for that; empty, with a line to `log`,
/// where there can be none. To be asked before any instance is started: whoever is started before
/// stands in the way of it.
[[nodiscard]] std::string divided_cgroup(const std::function<void(std::string)>& log);

/// As an agent that is started where we are would find them; changes nothing.
[[nodiscard]] Check check_model_bounds(
    const os::CgroupTree& tree = {},
    const os::ConfinementSupport& support = os::confinement_support());

}  // namespace homeostat::app
