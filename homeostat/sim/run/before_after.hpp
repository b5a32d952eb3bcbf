#pragma once

// BeforeAfter: runs pairs of worlds and says what the change made of them.
//
// Lives on one strand, as each world does.

#include "homeostat/advise/before_after.hpp"
#include "homeostat/base/result.hpp"

namespace homeostat::sim {

/// Runs all pairs. The same order gives the same report.
/// ERRORS: invalid: advice that is not given against this cause, or an order that has no room for
/// it; broken: the referee saw a promise broken, and the worlds show nothing then.
[[nodiscard]] Result<advise::BeforeAfter> before_and_after(const advise::TrialOrder& order);

/// Whether `order` is one: against its cause that is advised, and there is what it changes.
/// ERRORS: invalid.
[[nodiscard]] Result<void> check(const advise::TrialOrder& order);

/// Why this simulator cannot try it; empty: it can. REQUIRES: check(order).
[[nodiscard]] std::string reason_not_simulated(const advise::TrialOrder& order);

}  // namespace homeostat::sim
