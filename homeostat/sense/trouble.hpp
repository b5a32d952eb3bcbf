#pragma once

// TroubleOf: the class of trouble that a gloss, or a log line, claims.
//
// The one table of which gloss is of which class is in trouble.cpp; what it does not name goes by
// the gloss's own kind where that is clear.
//
// Pure.

#include "homeostat/base/named_enum.hpp"
#include "homeostat/domain/trouble.hpp"
#include "homeostat/sense/gloss.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace homeostat::sense {

/// Nothing where a gloss speaks of no trouble, or of one that fits no class.
[[nodiscard]] std::optional<Trouble> trouble_of(const Gloss& gloss);

/// Of a line as it stands in a log, by the shipped lexicon. Any bytes are a line.
[[nodiscard]] std::optional<Trouble> trouble_of(std::string_view line);

/// The ids of glosses that the table names, so that a test can hold them against the lexicon.
[[nodiscard]] std::span<const std::string_view> glosses_with_trouble_for_test();

}  // namespace homeostat::sense
