#pragma once

// FleetClerk: asks the store of a fleet's budget for the agent, which links no library of it.
//
// It answers on a socket of its own, with a thread of its own, one question after the other: what
// hangs in the store holds up no sink. A question that cannot be answered is refused with 503, and
// grants nothing.
//
// Not thread-safe.

#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"

#include <memory>

namespace homeostat::shipper {

class FleetClerk {
  public:
    /// `config` outlives it. REQUIRES: a fleet is configured.
    explicit FleetClerk(const app::Config& config);
    FleetClerk(const FleetClerk&) = delete;
    FleetClerk& operator=(const FleetClerk&) = delete;

    /// Ends with its thread, unless that hangs in the store.
    ~FleetClerk();

    /// Begins to answer. ERRORS: busy; invalid; full.
    [[nodiscard]] Result<void> start();

    /// False: its thread hangs in the store; the process can only be left.
    [[nodiscard]] bool stop();

    struct State;

  private:
    std::unique_ptr<State> state_;
};

}  // namespace homeostat::shipper
