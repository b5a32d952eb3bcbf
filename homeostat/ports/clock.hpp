#pragma once

// Clock: the only way to learn what time it is, and to wait.
//
// The driver reads it once per step and hands the same instant to every stage.

#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

namespace homeostat::ports {

class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual WallTime wall_now() const = 0;
    /// Ends at `at`, or earlier when the task is cancelled.
    virtual Task<void> sleep_until(Instant at) = 0;
};

}  // namespace homeostat::ports
