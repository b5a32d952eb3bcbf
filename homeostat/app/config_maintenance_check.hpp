#pragma once

// What no single key of a maintenance window can tell: whether it says when it ends, whether
// anybody knows its zone, and whether all of them together ever end.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

namespace homeostat::app {

/// Looks zones up in the time zone database of this machine.
void check_maintenance(const ConfigFile& file, ConfigReading& reading);

}  // namespace homeostat::app
