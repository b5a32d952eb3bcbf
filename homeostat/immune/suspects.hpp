#pragma once

// What is asked of one suspect, by both halves of the stage.
//
// Pure.

#include "homeostat/immune/immune.hpp"

#include <algorithm>
#include <cstddef>

namespace homeostat::immune {

/// A listing that is over is set to this once it is noticed.
constexpr Instant never{};

[[nodiscard]] inline bool is_listed_by(const Suspect& suspect, std::size_t feed) {
    return suspect.listed_until[feed] != never;
}

[[nodiscard]] inline bool is_listed(const Suspect& suspect) {
    return std::ranges::any_of(suspect.listed_until, [](Instant until) { return until != never; });
}

/// Of the feed that lists it and is believed most; 0: none does.
[[nodiscard]] std::uint32_t confidence_in(const Suspect& suspect, const Settings& settings);

/// One sure feed, or two that agree.
[[nodiscard]] bool is_believed(const Suspect& suspect, const Settings& settings);

void unlist(State& state, Suspect& suspect, std::size_t feed);

}  // namespace homeostat::immune
