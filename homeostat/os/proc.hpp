#pragma once

// What /proc says of a process, and what the kernel counts in.
//
// A pid alone names nothing: it is reused. A pid and its start ticks name one process of this boot,
// and with the boot's id one process for ever.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::os {

/// From /proc/PID/stat. SOURCE: proc_pid_stat(5), field numbers in the comments.
struct ProcessStat {
    std::int32_t pid{0};              ///< 1
    char state{'?'};                  ///< 3; 'Z' and 'X' are dead.
    std::int32_t parent_pid{0};       ///< 4
    std::int32_t group_pid{0};        ///< 5
    std::int32_t session_pid{0};      ///< 6
    std::uint64_t cpu_ticks{0};       ///< 14 + 15: time in user and kernel mode.
    std::uint64_t start_ticks{0};     ///< 22: since boot, by CLOCK_BOOTTIME.
    std::uint64_t resident_pages{0};  ///< 24; may lag by some pages per CPU.

    /// Ended, perhaps with nobody to reap it yet. A leader that ended before its other threads
    /// looks like this too; a pidfd tells the difference (see Pidfd::has_ended).
    [[nodiscard]] bool is_dead() const { return state == 'Z' || state == 'X' || state == 'x'; }
};

/// Reads the one line of a stat file; a program's name may hold any byte, also ") R 1 (".
/// ERRORS: broken. Pure.
[[nodiscard]] Result<ProcessStat> parse_process_stat(std::string_view text);

/// ERRORS: absent: no such process (any more).
[[nodiscard]] Result<ProcessStat> read_process_stat(std::int32_t pid);

/// Of this boot, 36 characters. ERRORS: unreachable.
[[nodiscard]] Result<std::string> read_boot_id();

[[nodiscard]] std::uint64_t page_bytes();
[[nodiscard]] std::uint64_t ticks_per_second();

/// When something was, that was so many ticks after boot. Exact to one tick (10 ms). Pure.
[[nodiscard]] Instant instant_of_ticks(std::uint64_t ticks, std::uint64_t per_second);

/// Pure.
[[nodiscard]] Duration duration_of_ticks(std::uint64_t ticks, std::uint64_t per_second);

}  // namespace homeostat::os
