#pragma once

// Neighbours: asks the agents of neighbouring services before a remedy takes capacity away.
//
// What they say can only delay. That nobody answers is no answer: then all goes on as without
// neighbours.

#include "homeostat/base/task.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/neighbour_word.hpp"

#include <vector>

namespace homeostat::ports {

class Neighbours {
  public:
    virtual ~Neighbours() = default;

    /// The answers that came; the first that objects ends the asking. Takes 50 ms at most, of a
    /// process that runs; one that has just begun first waits until it has heard them: for 2 s once
    /// it can hear, and until it is 4 s old at most.
    virtual Task<std::vector<NeighbourWord>> ask(IncidentId incident) = 0;

    /// What is done here at present, for those who ask. Does not block.
    virtual void note(CapacityWork work) = 0;
};

}  // namespace homeostat::ports
