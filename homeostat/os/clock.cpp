#include "homeostat/os/clock.hpp"

#include "homeostat/base/ensure.hpp"

#include <time.h>

#include <chrono>

namespace homeostat::os {

namespace {

Duration read(clockid_t clock) {
    timespec now{};
    const int failed = clock_gettime(clock, &now);
    ensure(failed == 0, "the kernel has this clock");
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

}  // namespace

Instant read_boot_clock() {
    return Instant{read(CLOCK_BOOTTIME)};
}

WallTime read_wall_clock() {
    return WallTime{std::chrono::floor<std::chrono::milliseconds>(read(CLOCK_REALTIME))};
}

}  // namespace homeostat::os
