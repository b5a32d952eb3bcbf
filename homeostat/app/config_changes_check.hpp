#pragma once

// What no single key of `changes` can tell.
//
// Pure.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

namespace homeostat::app {

/// Tells `reading` of a door that others reach without anybody's having said so.
void check_changes_door(const ConfigFile& file, ConfigReading& reading);

}  // namespace homeostat::app
