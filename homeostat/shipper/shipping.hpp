#pragma once

// ship: brings a ledger's decisions to the sinks of a configuration, until it is told to stop.
//
// Blocks.

#include "homeostat/app/config.hpp"
#include "homeostat/app/exit_status.hpp"
#include "homeostat/base/result.hpp"

namespace homeostat::shipper {

/// Until SIGTERM or SIGINT. ERRORS: busy: another shipper has these sinks; full: no room for its
/// files.
[[nodiscard]] Result<void> ship(const app::Config& config);

/// What is there now, then no more. ERRORS: also whatever kept a sink from having all of it.
[[nodiscard]] Result<void> ship_once(const app::Config& config);

}  // namespace homeostat::shipper
