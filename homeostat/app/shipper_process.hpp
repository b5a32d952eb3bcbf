#pragma once

// ShipperProcess: homeostat-shipper as a process of its own, which the agent starts and starts
// again, and on which nothing else of it waits.
//
// Its end is never ours and ours is always its own: the kernel ends it with us, and whatever it was
// sending then, its sink or its cursor knows. What it says goes to shipper.log beside its cursors.
//
// Not thread-safe; lives on the agent's strand.

#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/ports/clock.hpp"

#include <functional>
#include <optional>
#include <string>

namespace homeostat::app {

class ShipperProcess {
  public:
    /// `config` and `clock` outlive it. REQUIRES: sinks are configured.
    ShipperProcess(const Config& config,
                   ports::Clock& clock,
                   std::function<void(const std::string&)> log)
        : config_(config), clock_(clock), log_(std::move(log)) {}

    /// Until stop().
    [[nodiscard]] Task<void> run();

    /// Asks it to end after its batch. It is not waited for.
    void stop();

  private:
    [[nodiscard]] Result<os::Child> start() const;

    const Config& config_;
    ports::Clock& clock_;
    std::function<void(const std::string&)> log_;
    std::optional<os::Child> child_;
    bool is_stopping_{false};
};

}  // namespace homeostat::app
