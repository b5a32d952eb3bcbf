#pragma once

// ApprovalsPlace: what of a configuration is about approvers, as the executor takes it.
//
// Reads the public halves of the agent's own keys: who proposes does not approve.

#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/heal/approvers.hpp"

namespace homeostat::app {

/// As the configuration lists them, without the agent's own keys. Pure.
[[nodiscard]] heal::Approvers approvers_listed_in(const Config& config);

/// With them, as far as there are any yet. ERRORS: invalid: a listed key is one of them, or the
/// list is none; those of reading a key that is there.
[[nodiscard]] Result<heal::Approvers> approvers_of(const Config& config);

}  // namespace homeostat::app
