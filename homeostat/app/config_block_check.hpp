#pragma once

// What no single key can tell of lists of suspicious sources.
//
// Pure.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

namespace homeostat::app {

void check_block_sources(const ConfigFile& file, ConfigReading& reading);

}  // namespace homeostat::app
