#pragma once

// What guard says of more memory for one instance, and of less again: the part of the catalogue and
// of the steps that is about that.
//
// Pure.

#include "homeostat/guard/rules.hpp"

#include <optional>

namespace homeostat::guard {

/// REQUIRES: the instance is there, and the symptom is not about another.
[[nodiscard]] std::optional<Objection> objection_to(const Resize& remedy, const Matter& matter);
[[nodiscard]] std::optional<Objection> objection_to(const SetMemory& step, const Matter& matter);

}  // namespace homeostat::guard
