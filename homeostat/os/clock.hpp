#pragma once

// The two clocks, read raw. Only adapters, net and app may call this; everything else is given
// `Instant now`.
//
// Thread-safe.

#include "homeostat/base/time.hpp"

namespace homeostat::os {

/// CLOCK_BOOTTIME: goes on during suspend, ignores the wall clock.
[[nodiscard]] Instant read_boot_clock();

/// CLOCK_REALTIME, for people and for records.
[[nodiscard]] WallTime read_wall_clock();

}  // namespace homeostat::os
