#pragma once

// Claims: what the service's log lines say to be wrong, where a number of another source fits it.
//
// Whoever can write into a log can claim any trouble, so that a claim counts only beside numbers of
// the edge, the probes, the kernel or what changed. What fits which class is one table; `cases` has
// its own, over what a case tells (cases/claim.hpp). Of disks and descriptors nothing here has a
// number: what is claimed of them never counts.
//
// Pure. Values only.

#include "homeostat/diagnose/look.hpp"

#include <vector>

namespace homeostat::diagnose {

/// Those that began with the symptom, the loudest first: what had been claimed before it explains
/// nothing. None within the first minute of watching: what was claimed before an agent began is not
/// kept, as whoever can write into a log would otherwise write into the ledger.
/// REQUIRES: all other members of `look` are there.
[[nodiscard]] std::vector<Trouble> confirmed_claims(const State& state,
                                                    const Look& look,
                                                    const Symptom& symptom,
                                                    const Limits& limits);

}  // namespace homeostat::diagnose
