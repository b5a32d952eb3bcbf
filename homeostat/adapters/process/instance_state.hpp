#pragma once

// InstanceState: what is true of an instance now, from its record and /proc.
//
// A record's process counts as alive only if a process with its pid and its start ticks exists in
// this boot and has not ended; a zombie has. While the state is held, the pidfd keeps the pid from
// meaning anything else.
//
// Reads a small file and /proc inline: microseconds, from memory.

#include "homeostat/adapters/process/instance_record.hpp"
#include "homeostat/adapters/process/run_directory.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/pidfd.hpp"

#include <optional>
#include <string>

namespace homeostat::adapters::process {

struct InstanceState {
    std::optional<InstanceRecord> record;  ///< Absent: never started in this boot.
    std::optional<os::FileIdentity> file;  ///< Of the record, also of one of another boot.
    std::optional<os::Pidfd> process;      ///< Of the live process; absent: none is alive.

    [[nodiscard]] bool is_alive() const { return process.has_value(); }
};

/// ERRORS: corrupt: the record is not one, with its path and the mend.
[[nodiscard]] Result<InstanceState> look_at(const RunDirectory& run,
                                            const InstanceId& instance,
                                            const std::string& boot_id);

/// Whether the instance ought to run: a spare does from its start until it is stopped.
[[nodiscard]] inline bool is_wanted(bool is_spare, const InstanceState& state) {
    return !is_spare || state.record.has_value();
}

}  // namespace homeostat::adapters::process
