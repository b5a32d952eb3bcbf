#pragma once

// page_of: a page of a list of tasks, newest first.
//
// A page ends at a task, not at a number: what is added or ends meanwhile moves no other task to a
// page that the client has seen already.
//
// Pure. Values only.

#include "homeostat/adapters/a2a/params.hpp"
#include "homeostat/adapters/a2a/task.hpp"
#include "homeostat/base/json.hpp"

#include <vector>

namespace homeostat::adapters::a2a {

/// A2A's ListTasksResponse: those of `tasks` that are asked for, by the time of their last status.
[[nodiscard]] json::object page_of(std::vector<A2aTask> tasks, const ListParams& params);

}  // namespace homeostat::adapters::a2a
