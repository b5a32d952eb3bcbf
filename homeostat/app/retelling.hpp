#pragma once

// Retelling: one entry of the ledger in words, with all that it rests on.
//
// A choice brings its evidence with its digest, the menu, what the model answered, and the digests
// of weights, prompt and calibration; a verdict every rule with its answer; an intent what had to
// hold and what guard saw. `explain` (story.hpp) puts them in order.
//
// Pure. What is printed is escaped.

#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/proposal.hpp"

#include <string>
#include <vector>

namespace homeostat::app {

/// Nothing for a checkpoint.
[[nodiscard]] std::vector<std::string> retell(const Entry& entry);

/// "errors on payments".
[[nodiscard]] std::string name_of(const Symptom& symptom);

}  // namespace homeostat::app
