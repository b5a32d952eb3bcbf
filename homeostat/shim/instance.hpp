#pragma once

// Instance: the process that a shim holds back until its record is durable.
//
// It is forked first, so that its pid and start ticks are known, and waits on a pipe. `let_go`
// makes it execute the program. If the shim dies before that, the pipe closes and the process ends
// without a single instruction of the program: no process runs that no record speaks of.
//
// The process keeps the descriptor of the lock. So the lock lasts as long as the instance does,
// also when its shim was killed, and a second start is refused.
//
// Not thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/shim/order.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace homeostat::shim {

class Instance {
  public:
    /// Forks the process into a session of its own. ERRORS: unreachable: no process can be made.
    [[nodiscard]] static Result<Instance> hold(const Order& order, int lock_fd, int log_fd);

    [[nodiscard]] std::int32_t pid() const { return pid_; }

    /// Lets it execute the program. ERRORS: absent, unreachable: exec failed, nothing has run.
    [[nodiscard]] Result<void> let_go(const Order& order);

    /// Passes a signal on. REQUIRES: take_exit has not taken it yet, so that the pid is still its.
    void send(int signal) const;

    /// Once it has ended: ends what is left of its process group, then takes its status.
    [[nodiscard]] std::optional<int> take_exit() const;

    /// Ends a process that was not let go.
    void drop();

  private:
    Instance(pid_t pid, os::Fd go, os::Fd failure)
        : pid_(pid), go_(std::move(go)), failure_(std::move(failure)) {}

    pid_t pid_{0};
    os::Fd go_;       ///< One byte: go. Closed: end.
    os::Fd failure_;  ///< The errno of an exec that failed; closed by one that did not.
};

}  // namespace homeostat::shim
