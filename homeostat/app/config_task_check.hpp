#pragma once

// What no single key of a task can tell.
//
// Pure.

#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

#include <cstdint>

namespace homeostat::app {

/// `regular_count`: instances without the spares; 0: not known here. Tells `reading` of every
/// contradiction in `tasks`, and between them and `autonomy.tasks`.
void check_tasks(const ConfigFile& file, std::uint32_t regular_count, ConfigReading& reading);

}  // namespace homeostat::app
