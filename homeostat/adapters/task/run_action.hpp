#pragma once

// run_action: runs one action of a task to its end, or ends it.
//
// The effect's id goes with it, as HOMEOSTAT_EFFECT or as a header, so that whoever gets it can
// refuse to do the same a second time. A Job's name follows from it.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/task/declaration.hpp"
#include "homeostat/adapters/task/jobs.hpp"
#include "homeostat/adapters/task/ran.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <chrono>
#include <string>

namespace homeostat::adapters::task {

/// After its timeout a command is told to end (SIGTERM), and after this killed.
constexpr Duration term_grace = std::chrono::seconds{2};
/// After its timeout the cluster ends a Job, which is looked for so much longer.
constexpr Duration job_grace = std::chrono::seconds{3};
/// So long after its timeout an action has come back, whatever it did.
constexpr Duration end_within = std::chrono::seconds{4};

struct Purpose {
    std::string effect;  ///< Its id; empty: a check.
    int held_fd{-1};     ///< A lock that stays open in a command (task_lock.hpp); below 0: none.
    Jobs jobs{};         ///< Empty: no Job can be made.
};

/// Ends by its timeout, or by `deadline` if that is earlier, and `end_within` after that has come
/// back. A check causes no effect, and is killed without a grace.
Task<Ran> run_action(Action action, Purpose purpose, Instant deadline);

}  // namespace homeostat::adapters::task
