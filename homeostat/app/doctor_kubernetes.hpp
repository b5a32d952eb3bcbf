#pragma once

// The checks of `homeostat doctor` that ask a cluster: that it answers, has what is guarded, and
// lets us do what the configuration wants done. None changes anything.

#include "homeostat/app/config.hpp"
#include "homeostat/app/doctor_checks.hpp"

#include <vector>

namespace homeostat::app {

/// A few seconds at most. REQUIRES: config.kubernetes.
[[nodiscard]] std::vector<Check> check_cluster(const Config& config);

}  // namespace homeostat::app
