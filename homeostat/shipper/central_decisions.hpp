#pragma once

// What was decided, as the PostgreSQL sink has it: of all services that send there.

#include "homeostat/app/commands.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/app/decisions_arguments.hpp"
#include "homeostat/app/exit_status.hpp"

namespace homeostat::shipper {

/// Prints them as `homeostat decisions` does.
[[nodiscard]] app::ExitStatus tell_central_decisions(const app::Config& config,
                                                     const app::DecisionsOptions& options);

}  // namespace homeostat::shipper
