#pragma once

// Past: the closed incidents of a ledger, each with its cause, as far as advice rests on them.
//
// The cause is the heaviest one of the last proposal: what was judged anew is no longer held
// against the first guess. What the rules did not much believe in is no cause here.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy_kind.hpp"
#include "homeostat/domain/symptom.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::advise {

/// Below this a cause is one guess among others. SOURCE: the weights of `diagnose`, where a cause
/// that something better explains stands at 0.5 or less.
constexpr double belief_min = 0.55;

struct PastIncident {
    IncidentId incident;
    ServiceId service;
    Symptom symptom;
    Cause cause;                     ///< `unknown` where nothing was believed in.
    std::vector<RemedyKind> helped;  ///< With proof.
    WallTime opened_at{};
    WallTime closed_at{};
    bool follows_another{false};  ///< Another cause was there just before; `advise` finds out.
};

struct Past {
    std::map<IncidentId, PastIncident> open;  ///< Not closed yet, as far as was read.
    std::vector<PastIncident> closed;         ///< In the order of their closing.
};

/// Goes on by one group, oldest first. Entries that cannot be read are passed over.
/// `since`: what was opened before is left out; nothing: all of it counts.
void note(Past& past, const EntryGroup& group, std::optional<WallTime> since);

}  // namespace homeostat::advise
