#pragma once

// What no single key can tell of approvers.
//
// Pure.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

namespace homeostat::app {

/// Tells of a person who would count as two, of more who are needed than are listed, and of a
/// number of them without a list.
void check_approvals(const ConfigFile& file, ConfigReading& reading);

}  // namespace homeostat::app
