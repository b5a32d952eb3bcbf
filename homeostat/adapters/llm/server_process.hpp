#pragma once

// ServerProcess: one child process at the lowest processor priority, which ends with us.
//
// Not like the instances of a guarded service, which outlive the agent: this one serves nobody but
// us, and what it reads comes from strangers. It has its own session, its output in a file, none of
// our descriptors and next to nothing of our environment; it is confined to a few files and to its
// socket, and in a group of its own where we may make one. The kernel ends it when we die, whatever
// we die of.
//
// Not thread-safe. The thread that starts it must live as long as the process may: the kernel
// counts the starting thread, not the program, as the parent whose death ends it.

#include "homeostat/base/result.hpp"
#include "homeostat/os/cgroup.hpp"
#include "homeostat/os/child.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::llm {

enum class CpuPriority : std::uint8_t {
    idle,    ///< SCHED_IDLE: runs when nobody else in the cgroup wants to.
    low,     ///< Nice 19: always gets a little.
    normal,  ///< For comparisons only.
};

struct ServerBounds {
    CpuPriority priority{CpuPriority::idle};
    /// Reads and runs these besides the system's programs and libraries, those beside itself, and
    /// what its own file PROGRAM.readable names.
    std::vector<std::filesystem::path> readable;
    /// Of the group, or without one of its own memory alone. 0: no limit.
    std::uint64_t memory_bytes_max{0};
    std::string cgroup;  ///< A divided one, in which it gets a part of its own; empty: none.
};

class ServerProcess {
  public:
    /// Starts `command`, whose first element is a program's path, with its output at the end of
    /// `log`, in whose directory alone it may write. ERRORS: absent: no such program; refused: it
    /// may not be executed; full: no log; unreachable: it cannot be confined.
    [[nodiscard]] static Result<ServerProcess> start(const std::vector<std::string>& command,
                                                     const std::filesystem::path& log,
                                                     const ServerBounds& bounds);
    /// Kills it with all of its children, and waits until it is gone.
    ~ServerProcess();
    ServerProcess(ServerProcess&& other) noexcept = default;
    ServerProcess& operator=(ServerProcess&&) = delete;
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    [[nodiscard]] std::int32_t pid() const { return child_->pid(); }
    [[nodiscard]] bool is_running() const { return !child_->has_ended(); }
    /// "exited with status 1", "was killed by signal 9". REQUIRES: not running.
    [[nodiscard]] std::string describe_end();
    /// In which group it is; empty: in ours.
    [[nodiscard]] std::string cgroup() const { return group_ ? group_->directory() : ""; }

  private:
    void kill_session();

    ServerProcess(os::Child child, std::optional<os::Cgroup> group)
        : group_(std::move(group)), child_(std::make_unique<os::Child>(std::move(child))) {}

    std::optional<os::Cgroup> group_;   ///< Before the child, so that it goes when that has ended.
    std::unique_ptr<os::Child> child_;  ///< Empty after a move: there is nothing to end then.
    bool is_reaped_{false};             ///< Its number may belong to somebody else.
};

}  // namespace homeostat::adapters::llm
