#pragma once

// What guard says of letting a rollout stand, and of letting it go on: the part of the catalogue
// and of the steps that is about rollouts.
//
// Pure.

#include "homeostat/guard/rules.hpp"

#include <optional>

namespace homeostat::guard {

[[nodiscard]] std::optional<Objection> objection_to(const PauseRollout& remedy,
                                                    const Matter& matter);
[[nodiscard]] std::optional<Objection> objection_to(const ResumeRollout& remedy,
                                                    const Matter& matter);
[[nodiscard]] std::optional<Objection> objection_to(const SetPaused& step, const Matter& matter);

}  // namespace homeostat::guard
