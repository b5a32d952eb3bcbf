#pragma once

// Evidence of a look: its numbers as facts for the one writer (domain/evidence.hpp).
//
// The guarded service, its neighbours and the cache that a symptom is about are told as a case is:
// whoever is ill of its own stands first, and a service that a neighbour explains stands behind
// that. A neighbour's changes nobody shows us, and logs claim nothing here: what they say counts
// only beside numbers that fit it, which `cases` alone can hold against them.
//
// Pure. The same look gives the same facts.

#include "homeostat/diagnose/look.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/evidence_facts.hpp"

namespace homeostat::diagnose {

/// The guarded service first, then the neighbours of the inventory, then the symptom's cache.
[[nodiscard]] EvidenceFacts facts_of(const Look& look,
                                     const Symptom& symptom,
                                     const Inventory& inventory,
                                     const Limits& limits);

/// What a model reads, and whom its A, B, … stand for.
void write_evidence(Diagnosis& diagnosis,
                    const Look& look,
                    const Symptom& symptom,
                    const Inventory& inventory,
                    const Limits& limits);

}  // namespace homeostat::diagnose
