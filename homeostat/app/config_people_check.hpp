#pragma once

// What no single key can tell of the channels to people.
//
// Pure.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

namespace homeostat::app {

/// Tells of channels without an address, of links without a page behind them, and of a page that
/// strangers could reach unawares.
void check_people(const ConfigFile& file, ConfigReading& reading);

}  // namespace homeostat::app
