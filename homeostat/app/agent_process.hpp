#pragma once

// AgentProcess: the roles of one service, both in one process or each in its own, wired from its
// configuration.
//
// The composition root: it makes the adapters, hands them to the roles and computes nothing itself.
// One thread, one io_context; the ledger and the model's file have threads of their own inside
// their adapters.

#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"

#include <functional>
#include <string>

namespace homeostat::app {

using LogLine = std::function<void(const std::string&)>;

/// Guards until SIGTERM or SIGINT, in the given role. `log` takes lines for a person who watches.
/// ERRORS: busy: another agent has this ledger already; corrupt: the ledger; what keeps the
/// service's instances from being started.
[[nodiscard]] Result<void> guard_service(const Config& config,
                                         ProcessRole role,
                                         const LogLine& log);

}  // namespace homeostat::app
