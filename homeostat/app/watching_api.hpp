#pragma once

// The agent's own small API, where it is a process of its own: what it sees, and whether the
// executor answers.
//
//     GET  /healthz      200 while it watches and judges; else 503 and what stands still
//     GET  /v1/status    what it sees now
//
// Nothing can be asked of it: what people want done they tell the executor. That the executor is
// away is no fault of the agent, and no reason to start it again.

#include "homeostat/adapters/roles/remote_executor.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/heal/agent_role.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/oracle.hpp"

namespace homeostat::app {

struct WatchingContext {
    const heal::AgentRole* agent{nullptr};  ///< Null: it has not begun.
    const adapters::roles::RemoteExecutor& executor;
    ports::Clock& clock;
    const ports::Oracle* oracle{nullptr};
    ServiceId service;
    adapters::roles::Scope scope{};
};

[[nodiscard]] net::HttpResponse answer_of_agent(const WatchingContext& context,
                                                const net::HttpRequest& request);

}  // namespace homeostat::app
