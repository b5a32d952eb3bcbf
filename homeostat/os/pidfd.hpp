#pragma once

// Pidfd: a hold on one process. What is done through it never reaches another process that was
// given the same pid later.
//
// Opening by pid alone would race with the pid's reuse, so whoever knows the start ticks passes
// them: they are compared after the descriptor is open, when the pid can no longer change hands
// unnoticed. The descriptor becomes readable when the process has ended.
//
// Move-only. Not thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/os/fd.hpp"

#include <cstdint>
#include <utility>

namespace homeostat::os {

class Pidfd {
  public:
    /// Holds the process that has this pid now. For one's own child, whose pid cannot be reused.
    [[nodiscard]] static Result<Pidfd> open(std::int32_t pid);

    /// Holds the process with this pid and these start ticks (field 22 of /proc/PID/stat).
    /// ERRORS: absent: it has ended and gone, or the pid belongs to another process now.
    [[nodiscard]] static Result<Pidfd> open(std::int32_t pid, std::uint64_t start_ticks);

    [[nodiscard]] int fd() const { return file_.number(); }
    [[nodiscard]] std::int32_t pid() const { return pid_; }

    /// Every thread of it has ended; it may still wait to be reaped.
    [[nodiscard]] bool has_ended() const;

    /// ERRORS: absent: it has ended; refused: it belongs to another user.
    [[nodiscard]] Result<void> send(int signal) const;

  private:
    Pidfd(Fd file, std::int32_t pid) : file_(std::move(file)), pid_(pid) {}

    Fd file_;
    std::int32_t pid_{0};
};

}  // namespace homeostat::os
