#pragma once

// Low risk: what may be done on a word that nobody measured.
//
// What can be taken back and takes no instance out harms for as long as it takes to see it. An
// ejection can be taken back as well, but until then the others carry its load.
//
// Pure.

#include "homeostat/domain/remedy_kind.hpp"

namespace homeostat {

[[nodiscard]] constexpr bool is_low_risk(RemedyKind kind) {
    const RemedyTraits traits = traits_of(kind);
    return traits.is_reversible && !traits.removes_capacity;
}

}  // namespace homeostat
