#pragma once

// Whether every sink of a configuration can be reached and written, for `doctor` and by hand.

#include "homeostat/app/config.hpp"
#include "homeostat/app/doctor_checks.hpp"
#include "homeostat/app/exit_status.hpp"

#include <vector>

namespace homeostat::shipper {

/// One finding a sink. Connects, changes nothing; a webhook is not asked: each request is an event.
[[nodiscard]] std::vector<app::Check> checks_of_sinks(const app::Config& config);

/// Prints them.
[[nodiscard]] app::ExitStatus check_sinks(const app::Config& config, bool is_json);

}  // namespace homeostat::shipper
