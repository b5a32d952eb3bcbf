#pragma once

// Seeing off a process that we know by pidfd: after SIGTERM a time of grace, then SIGKILL.
//
// Only the process of the record is signalled, never a group by its number: numbers are reused. The
// shim, which reaps it, ends what is left of its group.

#include "homeostat/adapters/process/instance_record.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/os/pidfd.hpp"
#include "homeostat/ports/clock.hpp"

namespace homeostat::adapters::process {

/// Waits for a process that was told to end (SIGTERM), and kills it after the grace. True when it
/// has ended. False: the deadline passed, or it cannot be killed.
Task<bool> see_off(const os::Pidfd& process, Duration grace, Instant deadline, ports::Clock& clock);

/// Waits until the shim of an ended instance has written its record and let go of the lock. One
/// that does not within a second is killed: with its instance gone it has nothing left to lose.
Task<void> see_off_shim(InstanceRecord record, Instant deadline, ports::Clock& clock);

/// Waits until the shim of an ended instance has written how it ended, five seconds at most. Kills
/// nothing: the status would be lost, and whoever starts the next one sees the shim off.
Task<void> wait_for_status(InstanceRecord record, Instant deadline, ports::Clock& clock);

}  // namespace homeostat::adapters::process
