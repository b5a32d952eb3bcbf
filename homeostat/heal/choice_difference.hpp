#pragma once

// What a choice and the same choice made again differ in, for whoever replays a ledger.
//
// Pure.

#include "homeostat/domain/choice.hpp"

#include <optional>
#include <string>
#include <utility>

namespace homeostat::heal {

/// The first thing in which a record and its replay differ, as either has it.
using Difference = std::optional<std::pair<std::string, std::string>>;

/// "rollback payments from v2 to v1 (0.900, model used)"
[[nodiscard]] std::string words_of(const Choice& choice);

/// None: the same was decided. Numbers may differ by what logarithms of two machines do.
[[nodiscard]] Difference choice_difference(const Choice& recorded, const Choice& again);

}  // namespace homeostat::heal
