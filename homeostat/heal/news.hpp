#pragma once

// News: what a person is told of what was written down just now, without having asked.
//
// Pure.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/guard/history.hpp"

#include <string>
#include <vector>

namespace homeostat::heal {

struct UndoTerms {
    Duration undo_for{};    ///< 0: nothing may be taken back.
    bool must_sign{false};  ///< Approvers are listed; what is held is given back on a word.
};

/// One text each: of a kind that may not act alone from now on, and of what a person may take back
/// and until when. `history` knows all that came before these entries.
[[nodiscard]] std::vector<std::string> news_of(const std::vector<Entry>& entries,
                                               const guard::History& history,
                                               const UndoTerms& undo,
                                               WallTime wall_now);

}  // namespace homeostat::heal
