#pragma once

// What no single key can tell of pledges with neighbours.
//
// Pure.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

namespace homeostat::app {

/// Tells of neighbours that could not agree on anything as they are declared, and of promises that
/// nobody could keep.
void check_mesh(const ConfigFile& file, ConfigReading& reading);

}  // namespace homeostat::app
