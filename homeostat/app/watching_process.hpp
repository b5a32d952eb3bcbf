#pragma once

// WatchingProcess: the agent's role of one service alone, wired from its configuration.
//
// It watches, judges and writes letters to an executor that is another process. Here is no
// actuator, no ledger, no kill switch and no directory of instances that could be written: what it
// opens it reads, but for its own key and socket.

#include "homeostat/app/service_run.hpp"

#include <memory>

namespace homeostat::app {

/// REQUIRES: `config` and `place` outlive it. ERRORS of prepare(): invalid: `roles` says too
/// little; of the key, the socket, the cluster.
[[nodiscard]] std::unique_ptr<ServiceRun> make_watching_process(const Config& config,
                                                                ProcessPlace& place,
                                                                RunNews news);

}  // namespace homeostat::app
