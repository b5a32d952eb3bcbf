#pragma once

// CaseOrder: what tells one case from all others.
//
// Pure. Values only.

#include "homeostat/sim/cases/split.hpp"
#include "homeostat/sim/world/fault.hpp"

#include <cstdint>
#include <optional>

namespace homeostat::sim::cases {

struct CaseOrder {
    std::uint64_t seed{1};
    std::uint64_t number{1};
    Split split{Split::all};
    /// Only this one fault, and it lasts; `nothing`: healthy worlds only. None: drawn.
    std::optional<FaultKind> family;
    std::uint32_t services_count{0};  ///< 0: drawn.
};

}  // namespace homeostat::sim::cases
