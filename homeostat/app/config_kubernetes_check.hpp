#pragma once

// What runs the instances, one of both, and what of the rest a Deployment's pods cannot have.
//
// Pure.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

namespace homeostat::app {

/// Tells `reading` of every contradiction.
void check_runtime(const ConfigFile& file, ConfigReading& reading);

}  // namespace homeostat::app
