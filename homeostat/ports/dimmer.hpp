#pragma once

// Dimmer: turns the edge's dimmers of neighbours, and reads them back.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/dimmer.hpp"
#include "homeostat/domain/outcome.hpp"

#include <vector>

namespace homeostat::ports {

class Dimmer {
  public:
    virtual ~Dimmer() = default;

    /// Causes the effect and reads it back: done means that the edge reports at least this much,
    /// until then at least. refused: nothing changed, or the edge would end it before `until`.
    /// unknown: ordered, not seen. Never throws. Several may be under way; they happen in the order
    /// of the calls.
    virtual Task<Outcome> dim(DimRequest request, Instant deadline) = 0;

    /// Every declared dimmer as it is now; one that the edge says nothing of is left out.
    /// ERRORS: those of the edge.
    virtual Task<Result<std::vector<DimmerFacts>>> read_dimmers(Instant deadline) = 0;
};

}  // namespace homeostat::ports
