#pragma once

// CaseText: a case as one line of JSON. docs/cases.md and docs/case.schema.json describe it.
//
// Pure.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/cases/cases.hpp"
#include "homeostat/sim/cases/possible.hpp"
#include "homeostat/sim/cases/story.hpp"
#include "homeostat/sim/cases/truth.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::sim::cases {

/// All that a case says.
struct CaseParts {
    const Story& story;
    const Possible& possible;
    const std::vector<Tried>& tried;
    std::uint32_t menu_size{0};
};

[[nodiscard]] std::string case_text(const CaseOrder& order, const Rng& rng, const CaseParts& parts);

}  // namespace homeostat::sim::cases
