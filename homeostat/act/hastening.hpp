#pragma once

// Which instance a rollback asks to go before its orchestrator does.
//
// An orchestrator keeps one of the version that goes until a successor says that it is ready, which
// may take as long as its probe waits between two looks: until then it answers users, and wrongly.
//
// Pure.

#include "homeostat/act/act.hpp"

namespace homeostat::act {

/// One of the version that goes and that still answers users, while twice as many of the other
/// serve already, so that a third of what serves is taken at most. Null: none.
[[nodiscard]] const InstanceFacts* one_to_hasten(const Plan& plan,
                                                 const Facts& facts,
                                                 const Rollback& remedy,
                                                 Instant now);

}  // namespace homeostat::act
