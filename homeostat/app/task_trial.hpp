#pragma once

// TaskTrial: tries a declared task from end to end, as `homeostat remedy test` does, and says what
// it has shown and what it has not.
//
// Shown is: the check answers within its timeout; it says that all is not well before the task has
// run, and that it is afterwards; what takes it back is taken. A task that leaves the world worse
// by being taken back is run once more, so that it ends well.
//
// Not thread-safe; lives on the strand that awaits it.

#include "homeostat/adapters/task/declaration.hpp"
#include "homeostat/adapters/task/jobs.hpp"
#include "homeostat/adapters/task/proof_file.hpp"
#include "homeostat/adapters/task/ran.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// One thing that was done in a trial.
struct TrialStep {
    std::string step;    ///< "check", "break", "run", "take_back".
    std::string result;  ///< "well", "not well"; "done", "refused", "unknown".
    std::uint64_t took_ms{0};
    std::uint64_t timeout_ms{0};
    std::string because;  ///< For people.
    std::string output;   ///< The last of what it said.

    static void fields(auto& self, auto&& field) {
        field("step", self.step);
        field("result", self.result);
        field("took_ms", self.took_ms);
        field("timeout_ms", self.timeout_ms);
        field("because", self.because);
        field("output", self.output);
    }
};

struct Trial {
    std::vector<TrialStep> steps;
    std::vector<std::string> warnings;
    std::string trouble;  ///< Why nothing is proven; empty: it is.

    static void fields(auto& self, auto&& field) {
        field("steps", self.steps);
        field("warnings", self.warnings);
        field("trouble", self.trouble);
    }
};

struct TrialOptions {
    std::optional<adapters::task::Command> breaks;  ///< Brings about what the task is for.
    std::string effect;           ///< Begins the id of each action: no two of them are one effect.
    int held_fd{-1};              ///< The task's lock.
    adapters::task::Jobs jobs{};  ///< Empty: it makes none.
    std::function<void(const std::string&)> tell;  ///< Lines for a person who waits.
};

/// Runs it, so whoever calls has asked. `trial` is filled as it goes, so that an interrupted one
/// tells how far it came. REQUIRES: it outlives the task.
Task<void> try_task(adapters::task::Declaration declaration, TrialOptions options, Trial& trial);

/// Of a trial without trouble.
[[nodiscard]] adapters::task::TaskProof proof_of(const adapters::task::Declaration& declaration,
                                                 const Trial& trial,
                                                 std::string proven_at,
                                                 std::string by);

}  // namespace homeostat::app
