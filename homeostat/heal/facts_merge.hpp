#pragma once

// One view of the world from the parts that the actuators read.
//
// Pure.

#include "homeostat/base/result.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/inventory.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/symptom.hpp"

#include <vector>

namespace homeostat::heal {

/// Joins the parts by instance. A part that could not be read, an instance that a part does not
/// mention: `is_complete` is false and what is not known stays at its cautious default.
/// `read_at`: before the first part was read; what has become of it since is not known.
[[nodiscard]] Facts merge_facts(const Inventory& inventory,
                                const std::vector<Result<FactsPart>>& parts,
                                Instant read_at);

/// Whose parts are needed: what the symptom is about, and the task that is to be run for it, whose
/// check says whether there is anything to do.
[[nodiscard]] std::vector<Subject> subjects_of(const Symptom& symptom, const Remedy& remedy);

}  // namespace homeostat::heal
