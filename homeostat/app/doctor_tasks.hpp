#pragma once

// The checks of `homeostat doctor` for declared tasks: whether what they name is there. None is
// run.

#include "homeostat/app/doctor_checks.hpp"

#include <vector>

namespace homeostat::app {

/// One finding for each task, the worst of it. Empty: none is declared.
[[nodiscard]] std::vector<Check> check_declared_tasks(const Config& config);

}  // namespace homeostat::app
