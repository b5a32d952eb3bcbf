#pragma once

// A small case, drawn: two to five services of which some are ill, with something in every field.
//
// Pure.

#include "homeostat/base/rng.hpp"
#include "homeostat/cases/case.hpp"

namespace homeostat::hostile {

/// ENSURES: no list of it is empty, and each service and replica has a name of its own.
[[nodiscard]] cases::Shown drawn_case(Rng& rng);

}  // namespace homeostat::hostile
