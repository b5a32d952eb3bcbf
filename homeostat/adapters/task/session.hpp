#pragma once

// Session: a command that runs in a session of its own, and whoever it has started.
//
// Its process group is ended as a whole: its number stays ours until it is reaped, so no signal
// reaches anybody else. What has left the group is out of reach. Whatever we die of the kernel ends
// the command itself, and nothing that the command has started: that goes on, and is known by the
// lock that it holds (task_lock.hpp).
//
// Move-only. Not thread-safe; the thread that starts it lives as long as it may run.

#include "homeostat/adapters/task/ran.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/os/child.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::task {

class Session {
  public:
    /// `environment`: all that it gets. `held_fd`: stays open in it; below zero: nothing does.
    /// ERRORS: as of os::spawn, and of a pipe.
    [[nodiscard]] static Result<Session> start(const boost::asio::any_io_executor& executor,
                                               const Command& command,
                                               std::vector<std::string> environment,
                                               int held_fd);
    /// Kills who is left, and waits until the command is gone.
    ~Session();
    Session(Session&&) noexcept = default;
    Session& operator=(Session&&) = delete;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Collects what it says until it has ended. False: the deadline passed first.
    Task<bool> wait(Instant deadline);

    /// To all of its process group. REQUIRES: not reaped.
    void signal(int number);

    /// Kills who is left of its group. As waitpid gives it; absent: somebody else has taken it, and
    /// nothing is known. REQUIRES: it has ended.
    [[nodiscard]] std::optional<int> reap();

    /// What it has said last.
    [[nodiscard]] std::string output(const std::vector<std::string>& secrets);

  private:
    Session(os::Child child, boost::asio::posix::stream_descriptor pipe);

    Task<void> collect();
    Task<void> wait_end();
    void read_rest();

    std::unique_ptr<os::Child> child_;  ///< Empty after a move: there is nothing to end then.
    boost::asio::posix::stream_descriptor pipe_;
    std::array<char, 4096> part_{};
    Tail tail_;
    bool is_reaped_{false};
};

}  // namespace homeostat::adapters::task
