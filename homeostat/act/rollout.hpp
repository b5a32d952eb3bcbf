#pragma once

// What to do about a rollout now, and whether it may be let go on: the part of `act` that is about
// letting one stand.
//
// Pure.

#include "homeostat/act/act.hpp"

#include <optional>
#include <string>

namespace homeostat::act {

/// Letting it stand, or nothing more to do, or why it cannot be.
[[nodiscard]] Next next_of(const PauseRollout& remedy, const Facts& facts);

/// Where it does not stand any more, or not by us, there is nothing of ours to take back. What is
/// rolled out meanwhile changes nothing: it stands by us.
[[nodiscard]] Next next_of(const ResumeRollout& remedy, const Facts& facts);

[[nodiscard]] Outcome resolve_rollout(const SetPaused& step,
                                      const EffectId& effect,
                                      const Facts& facts);

/// What is held after one more look. It is well while the agent says so, every instance that runs
/// what is rolled out answers, and requests come to the edge, of which none has failed since.
[[nodiscard]] Held looked_at_rollout(Held held, const Facts& facts, bool is_cleared);

/// Why there is nothing left to hold; nothing while we let it stand.
[[nodiscard]] std::optional<std::string> why_over(const PauseRollout& remedy, const Facts& facts);

/// Why it goes on standing though its time is up, for a person, with the command to let it go on.
[[nodiscard]] std::string why_left(const PauseRollout& remedy, const Facts& facts);

/// Looks at it in a row, one a second, before it goes on: what fails now and then has to have
/// failed by then.
constexpr std::uint32_t well_looks_of_rollout_min = 30;

}  // namespace homeostat::act
