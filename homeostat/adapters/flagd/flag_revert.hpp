#pragma once

// A change of flags taken back: the flags that it changed get the definitions of before, and no
// others.
//
// Each goes back only if it still is what the change made of it: who has edited it since knows more
// than we do. What others have edited since stays. The mark of the effect goes into the same write,
// so that a successor can tell ours from anybody else's.
//
// Pure.

#include "homeostat/adapters/flagd/flag_definitions.hpp"
#include "homeostat/adapters/flagd/flag_history.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/runtime_facts.hpp"
#include "homeostat/domain/step.hpp"

#include <string>
#include <vector>

namespace homeostat::adapters::flagd {

struct FlagRevert {
    std::string text;   ///< The whole file.
    VersionId version;  ///< That it is.
    std::string mark;   ///< That stands in it.
    Definitions restored;
    std::vector<std::string> removed;  ///< Flags that were not there before the change.
};

/// ERRORS: absent: nothing is kept of one of the two; refused: a flag is no longer what `step.from`
/// made of it, or the file would be too large.
[[nodiscard]] Result<FlagRevert> revert_of(const SwapVersion& step,
                                           const EffectId& effect,
                                           const FlagFile& now,
                                           const FlagHistory& history);

/// For FlagFacts: the version in force, those that are kept, and what of them still stands.
[[nodiscard]] VersionFacts facts_of(const FlagFile& now, const FlagHistory& history);

}  // namespace homeostat::adapters::flagd
