#pragma once

// What is wrong with `roles` that no single key can tell.
//
// Pure.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

namespace homeostat::app {

void check_roles(const ConfigFile& file, ConfigReading& reading);

}  // namespace homeostat::app
