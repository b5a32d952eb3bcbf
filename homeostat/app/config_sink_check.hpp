#pragma once

// What no single key can tell of sinks.
//
// Pure.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

namespace homeostat::app {

void check_sinks(const ConfigFile& file, ConfigReading& reading);

}  // namespace homeostat::app
