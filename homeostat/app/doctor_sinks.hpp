#pragma once

// The checks of sinks, which homeostat-shipper makes: this program speaks to none of them.

#include "homeostat/app/config.hpp"
#include "homeostat/app/doctor_checks.hpp"

#include <vector>

namespace homeostat::app {

/// One finding a sink, and how far the running shipper is. Changes nothing.
[[nodiscard]] std::vector<Check> check_sinks(const Config& config);

}  // namespace homeostat::app
