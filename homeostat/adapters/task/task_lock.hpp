#pragma once

// TaskLock: one action of a task at a time, whoever runs it.
//
// The lock is a file that stays open in the command and in all that it starts, so whoever is left
// of a command holds it too: after a kill -9 of the agent its successor sees that the last run may
// still be under way, and waits for it. It ends with its holders, however they end.
//
// Move-only.

#include "homeostat/base/result.hpp"
#include "homeostat/os/fd.hpp"

#include <string>
#include <utility>

namespace homeostat::adapters::task {

class TaskLock {
  public:
    /// ERRORS: busy: an action of it is, or may be, under way; full.
    [[nodiscard]] static Result<TaskLock> take(const std::string& path);

    /// Says whether somebody has it. What cannot be told counts as held.
    [[nodiscard]] static bool is_held(const std::string& path);

    [[nodiscard]] int fd() const { return file_.number(); }

  private:
    explicit TaskLock(os::Fd file) : file_(std::move(file)) {}

    os::Fd file_;
};

}  // namespace homeostat::adapters::task
