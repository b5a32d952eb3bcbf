#pragma once

// WatchingProcess: the agent's role of one service alone, wired from its configuration.
//
// It watches, judges and writes letters to an executor that is another process. Here is no
// actuator, no ledger, no kill switch and no directory of instances that could be written: what it
// opens it reads, but for its own key and socket.

#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"

#include <functional>
#include <string>

namespace homeostat::app {

/// Watches until SIGTERM or SIGINT. ERRORS: invalid: `roles` says too little; of the key, the
/// socket, the cluster.
[[nodiscard]] Result<void> watch_service(const Config& config,
                                         const std::function<void(const std::string&)>& log);

}  // namespace homeostat::app
