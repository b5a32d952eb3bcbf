#pragma once

// Child: a program that we started, by its argument vector and never through a shell.
//
// A new program gets exactly what is named here: no descriptor of ours except stdin, stdout and
// stderr, default signal handling, the limit of core dumps with which we began (own_memory.hpp)
// and, on request, a session of its own. If it cannot be started, spawn says why and leaves nothing
// behind.
//
// The owner reaps it: a pidfd becomes readable at its end, exit_status() then takes the status. A
// Child that is dropped while it runs goes on running.
//
// Move-only. Not thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/os/pidfd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::os {

class Confinement;

struct Program {
    std::vector<std::string> argv;  ///< argv[0] is a path, or a name that is looked up in PATH.
    std::string directory;          ///< Where it starts; empty: where we are.
    std::vector<std::string> environment;  ///< "NAME=value", added to ours or in place of ours.
    bool inherits_environment{true};       ///< False: it gets what `environment` says, no more.
    bool has_own_session{false};           ///< A terminal's Ctrl-C and hang-up do not reach it.
    bool ends_with_us{false};  ///< The kernel kills it when our thread ends, even by SIGKILL.
    int input_fd{-1};          ///< Becomes its stdin; below zero: /dev/null.
    int output_fd{-1};         ///< Becomes its stdout; below zero: /dev/null.
    int error_fd{-1};          ///< Becomes its stderr; below zero: /dev/null.
    int kept_fd{-1};           ///< Stays open in it and in what it starts: a lock, say.
    int cgroup_fd{-1};         ///< Cgroup::entrance_fd of the group that it is in from the start.
    const Confinement* confinement{nullptr};  ///< What it may touch; without one, what we may.
};

class Child {
  public:
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    Child(Child&&) noexcept = default;
    Child& operator=(Child&&) noexcept = default;
    /// Takes the status of a child that has ended, so that no zombie stays behind for it.
    ~Child();

    [[nodiscard]] std::int32_t pid() const { return process_.pid(); }
    [[nodiscard]] const Pidfd& process() const { return process_; }
    [[nodiscard]] bool has_ended() const { return process_.has_ended(); }

    /// As waitpid gives it, once it has ended; nothing while it runs. May be asked again.
    [[nodiscard]] std::optional<int> exit_status();

  private:
    friend Result<Child> spawn(const Program& program);
    explicit Child(Pidfd process) : process_(std::move(process)) {}

    Pidfd process_;
    std::optional<int> exit_status_;
};

/// Starts a program. ERRORS: absent: no such program; unreachable: it cannot be run, with the
/// reason.
[[nodiscard]] Result<Child> spawn(const Program& program);

/// Where a program is, as exec will find it: a name with a slash is taken from `directory`, another
/// one from PATH. ERRORS: absent; refused: it is there and may not be executed.
[[nodiscard]] Result<std::string> find_program(const std::string& name,
                                               const std::string& directory);

struct Pipe {
    Fd reader;
    Fd writer;
};

/// Both ends are closed on exec.
[[nodiscard]] Result<Pipe> make_pipe();

/// "exited with status 3", "was killed by signal 9", of a status as waitpid gives it.
[[nodiscard]] std::string describe_exit(int exit_status);

}  // namespace homeostat::os
