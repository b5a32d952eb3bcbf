#pragma once

// KillSwitch: one durable bit that a person owns. While it is engaged no effect begins.
//
// It lives outside the ledger, so that it works when the ledger, the network and the model do not.
// A switch that cannot be read counts as engaged.

#include "homeostat/base/result.hpp"

namespace homeostat::ports {

class KillSwitch {
  public:
    virtual ~KillSwitch() = default;
    [[nodiscard]] virtual bool is_engaged() const = 0;
    /// Durable when it returns. ERRORS: full: the medium cannot be written.
    virtual Result<void> engage() = 0;
    virtual Result<void> release() = 0;
};

}  // namespace homeostat::ports
