#pragma once

// What no service tells alone: places that are lost, who passes on whose illness, and what users
// lose.
//
// Pure. Values only.

#include "homeostat/cases/survey.hpp"

namespace homeostat::cases {

/// A host or a zone of which nothing answers: starting a process there anew is no cure.
void look_for_lost_places(Survey& survey);

/// What a service shows, less what the calls it makes account for.
void explain(Survey& survey);

/// Users' own series may be missing or stand still: gateways and their calls are asked too.
/// REQUIRES: `explain` was called.
void ask_all_witnesses(Survey& survey, bool has_users_series);

}  // namespace homeostat::cases
