#pragma once

// Instant and Duration: time as a value that is handed in, never asked for.
//
// An Instant counts nanoseconds of CLOCK_BOOTTIME: it goes on during suspend and ignores changes
// of the wall clock, so that a cool-down cannot be shortened by setting the date. It means nothing
// on another machine or after a reboot; records therefore carry the boot's id and the wall time as
// well. The clock itself is a port (`ports/clock.hpp`): nothing pure can read one.
//
// Pure. Values only.

#include <chrono>
#include <cstdint>

namespace homeostat {

using Duration = std::chrono::nanoseconds;

struct BootClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
};

using Instant = BootClock::time_point;

/// Wall time, for people and for records only. Nothing is decided by it.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

[[nodiscard]] constexpr Instant instant_of_ns(std::int64_t since_boot_ns) {
    return Instant{Duration{since_boot_ns}};
}

[[nodiscard]] constexpr std::int64_t to_ns(Instant at) {
    return at.time_since_epoch().count();
}

[[nodiscard]] constexpr double to_seconds(Duration span) {
    return std::chrono::duration<double>(span).count();
}

[[nodiscard]] constexpr double to_ms(Duration span) {
    return std::chrono::duration<double, std::milli>(span).count();
}

}  // namespace homeostat
