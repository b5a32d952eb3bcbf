#pragma once

// Waiting for a descriptor with a deadline: how the end of a process (a pidfd) is noticed at once
// and without asking again and again.

#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/ports/clock.hpp"

namespace homeostat::adapters::process {

/// True as soon as `fd` is readable, false when the deadline passed first. The descriptor stays the
/// caller's and must stay open. Without a descriptor left to watch with it asks again and again,
/// which is noticed later.
Task<bool> wait_readable(int fd, Instant deadline, ports::Clock& clock);

}  // namespace homeostat::adapters::process
