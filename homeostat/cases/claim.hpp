#pragma once

// Claim: what log lines say of their service, and whether anything else says so too.
//
// Whoever can write into a log can claim any trouble, so that a claim counts only where numbers of
// another source fit it: series, probes, calls, what runs. What fits which class of trouble is one
// table. To ask other logs was not taken: what one user sends is logged by all who handle it.
//
// Pure. Values only.

#include "homeostat/cases/survey.hpp"

#include <cstdint>

namespace homeostat::cases {

/// Whether numbers of `service` fit what its log lines claim.
[[nodiscard]] bool is_confirmed(const Survey& survey, std::uint32_t service, Trouble trouble);

/// Whether any number of `service`, its calls and its callers is out of order.
[[nodiscard]] bool shows_trouble(const Survey& survey, std::uint32_t service);

/// Takes every claim away that nothing confirms, and lines of level error where no number shows
/// anything.
/// REQUIRES: illness of services and calls is weighed.
void drop_lone_claims(Survey& survey);

}  // namespace homeostat::cases
