#pragma once

// What the command of the instances must fit together with: its placeholders, the versions of the
// program and of its configuration, and where it starts.
//
// Pure.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

namespace homeostat::app {

/// Tells `reading` of every contradiction. `has_several`: surely more than one instance is run.
void check_command(const ProcessSection& process, bool has_several, ConfigReading& reading);

}  // namespace homeostat::app
