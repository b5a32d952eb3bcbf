#pragma once

// Measured: the numbers of a look as a person reads them in `explain`: by name, in units.
//
// No model reads these lines (evidence.hpp has what it does read), so that they may say what it has
// no word for: which instance, how many milliseconds, to which version.
//
// Pure. The oldest stands first.

#include "homeostat/diagnose/look.hpp"

#include <string>
#include <vector>

namespace homeostat::diagnose {

/// ENSURES: at most `measured_lines_max` lines of `evidence_line_bytes_max`; their words are ours,
/// and names those of the inventory.
[[nodiscard]] std::vector<std::string> measured_of(const Look& look,
                                                   const Symptom& symptom,
                                                   const Inventory& inventory,
                                                   const Limits& limits);

/// A version's name, unless it is such as could be taken for words.
[[nodiscard]] std::string plain_version(const VersionId& version);

}  // namespace homeostat::diagnose
