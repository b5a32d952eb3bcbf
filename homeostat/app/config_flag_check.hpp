#pragma once

// What of `flags` no single key can tell.
//
// Pure.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

namespace homeostat::app {

void check_flags(const ConfigFile& file, ConfigReading& reading);

}  // namespace homeostat::app
