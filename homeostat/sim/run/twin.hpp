#pragma once

// Twin: the same seed once more with one thing taken out, for what only a comparison shows.
//
// P20: telemetry that is lost, comes twice or in another order may change when something is done,
// never how it ends. P10: a demon that picks the worst of a permitted menu may do harm, and no more
// than was declared: requests that fail beyond those that fail when nobody does anything, and
// beyond those that fail when we do what the rules say.
//
// Lives on one strand.

#include "homeostat/sim/run/machine.hpp"
#include "homeostat/sim/run/options.hpp"

#include <set>
#include <string>
#include <vector>

namespace homeostat::sim {

/// How a history ended, for comparing: what is so in the world, and what of ours stays behind.
struct FinalState {
    bool is_well{false};
    bool is_person_told{false};
    std::set<std::string> facts;  ///< "payments-0 runs v1 c1 in rotation"
};

[[nodiscard]] FinalState final_state_of(Machine& machine);

/// The options without what disturbs the telemetry.
[[nodiscard]] Options undisturbed(Options options);

/// The options with the rules in the demon's place.
[[nodiscard]] Options without_demon(Options options);

/// What differs between a disturbed history and its twin and may not. Empty: nothing. When things
/// are done may differ, and whether a person was told; then also how far we came before that.
[[nodiscard]] std::vector<std::string> differences(const FinalState& disturbed,
                                                   const FinalState& undisturbed);

/// Requests of the guarded service's users that got no good answer in the world of these options,
/// in which nobody of ours lives. UNITS: seconds of its whole traffic.
[[nodiscard]] double seconds_lost_without_us(const Options& options);

/// The same of a history that ran.
[[nodiscard]] double seconds_lost(const Machine& machine);

}  // namespace homeostat::sim
