#pragma once

// FleetBudget: how much the agents of a fleet do together, counted where all of them can look.
//
// It grants only what it knows: a store that cannot be asked grants nothing. A place that nobody
// gives back ends by itself, by the store's clock, so an agent that died holds none for long.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/fleet_word.hpp"
#include "homeostat/domain/ids.hpp"

namespace homeostat::ports {

class FleetBudget {
  public:
    virtual ~FleetBudget() = default;

    /// A place for one remedy. The same asked for again is the same place, whatever became of the
    /// first answer. ERRORS: those of the store; none grants anything.
    virtual Task<Result<FleetWord>> take(FleetAsk ask, Instant deadline) = 0;

    /// The remedy has ended; `was_used`: it has begun, and counts for the window. What the store is
    /// not told ends by itself.
    virtual Task<Result<void>> give_back(FleetWord granted, bool was_used, Instant deadline) = 0;
};

}  // namespace homeostat::ports
