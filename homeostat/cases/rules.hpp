#pragma once

// Rules: what the candidates of a case weigh before any model is asked.
//
// Pure. Internal to the folder.

#include "homeostat/cases/candidate.hpp"

#include <vector>

namespace homeostat::cases {

/// Sets prior and reason of each. ENSURES: priors sum to 1, none is below 0.
void weigh(const Survey& survey, std::vector<Candidate>& menu);

}  // namespace homeostat::cases
