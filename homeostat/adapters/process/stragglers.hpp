#pragma once

// Stragglers: processes that an ended instance left running.
//
// The shim ends them together with the instance. If the shim was killed before, nobody has, and
// they hold the instance's lock (and probably its port), so that no successor could start. They are
// known by two marks at once: they belong to the session of the instance's process, and they hold
// the open file of its lock, which only its descendants can have. A process that left the session
// is not touched; the start then says that the lock is taken.
//
// Reads /proc inline: a few milliseconds on a machine with a thousand processes.

#include "homeostat/adapters/process/instance_record.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/ports/clock.hpp"

#include <string>

namespace homeostat::adapters::process {

/// Kills what the record's process left behind and waits until it is gone, or the deadline.
/// REQUIRES: the process itself has ended.
Task<void> end_stragglers(InstanceRecord record,
                          std::string lock,
                          Instant deadline,
                          ports::Clock& clock);

}  // namespace homeostat::adapters::process
