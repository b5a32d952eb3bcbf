#pragma once

// What makes an answer a ranking of one menu.
//
// Refused whole or taken whole: an answer that is wrong in one place is not mended, because a
// reader who mends chooses for the model.
//
// Pure.

#include "homeostat/domain/ranking.hpp"
#include "homeostat/domain/remedy.hpp"

#include <optional>
#include <span>
#include <string>

namespace homeostat::decide {

/// Why the ranking is none of exactly these kinds; nothing if it is one.
[[nodiscard]] std::optional<std::string> objection_to(const Ranking& ranking,
                                                      std::span<const RemedyKind> kinds);

/// Says whether the ranking may be written down at all: of bounded size, every number finite.
[[nodiscard]] bool is_recordable(const Ranking& ranking);

}  // namespace homeostat::decide
