#pragma once

// Resizing: the steps of `resize`. One write, then whoever runs the instance has to follow.
//
// What there is no room for, or not for long, is taken back by the plan itself, and so stands as
// before us. A limit that goes down is left to whoever holds the instance to it: they do not go
// below what is in use, and nothing is forced on them.
//
// Pure.

#include "homeostat/act/act.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/remedy.hpp"

namespace homeostat::act {

/// What to do now for a resize. REQUIRES: the facts are complete.
[[nodiscard]] Next next_of_resize(const Plan& plan,
                                  const Resize& remedy,
                                  const Facts& facts,
                                  Instant now);

}  // namespace homeostat::act
