#pragma once

// AgentProcess: the roles of one service that guards, both in one process or the executor's alone,
// wired from its configuration.
//
// The composition root: it makes the adapters, hands them to the roles and computes nothing itself.
// One thread, one strand, which it may share with other services; the ledger and the model's file
// have threads of their own inside their adapters.

#include "homeostat/app/service_run.hpp"

#include <memory>

namespace homeostat::app {

/// `role`: both or executor. REQUIRES: `config` and `place` outlive it.
/// ERRORS of prepare(): busy: another agent has this ledger already; corrupt: the ledger; what
/// keeps the service's instances from being started.
[[nodiscard]] std::unique_ptr<ServiceRun> make_agent_process(const Config& config,
                                                             ProcessRole role,
                                                             ProcessPlace& place,
                                                             RunNews news);

}  // namespace homeostat::app
