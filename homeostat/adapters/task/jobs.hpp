#pragma once

// Jobs: what makes a task's Jobs in a cluster and follows them. It is handed in by app/, as
// adapters do not know each other.
//
// Values only.

#include "homeostat/adapters/task/declaration.hpp"
#include "homeostat/adapters/task/ran.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <functional>
#include <string>

namespace homeostat::adapters::task {

struct JobOrder {
    JobCall call;
    std::string effect;  ///< Its id: of the same one there is never a second Job.
    Duration timeout{};  ///< After which the cluster ends it.
};

struct Jobs {
    /// Answered with 0: complete; with 1: it failed. Lost: it may go on.
    std::function<Task<Ran>(JobOrder order, Instant deadline)> run;
    /// Whether one of the task goes on, whoever made it. ERRORS: refused: we may not look, and so
    /// have made none; any other: nobody can tell.
    std::function<Task<Result<bool>>(Instant deadline)> goes_on;
};

}  // namespace homeostat::adapters::task
