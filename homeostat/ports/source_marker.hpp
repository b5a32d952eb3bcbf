#pragma once

// SourceMarker: marks sources of requests at the edge, and reads what it counted under each mark.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/marking.hpp"
#include "homeostat/domain/outcome.hpp"

namespace homeostat::ports {

class SourceMarker {
  public:
    virtual ~SourceMarker() = default;

    /// Causes the effect and reads it back: done means that the edge took each of them and reports
    /// the last. refused: nothing changed for any source. unknown: some may have the mark; the edge
    /// ends it. Never throws. One at a time.
    virtual Task<Outcome> mark(MarkRequest request, Instant deadline) = 0;

    /// ERRORS: those of the edge; absent: it does not count.
    virtual Task<Result<MarkCounts>> count(Instant deadline) = 0;
};

}  // namespace homeostat::ports
