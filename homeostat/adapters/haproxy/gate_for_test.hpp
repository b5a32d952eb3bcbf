#pragma once

// Requests for tests that link no guard: only a Gate can make a Permit, so this stands in for
// guard's own.
//
// For tests only.

#include "homeostat/domain/dimmer.hpp"
#include "homeostat/domain/permit.hpp"

#include <utility>

namespace homeostat::guard {

class Gate {
  public:
    static Permit permit(EffectId effect, Step step) {
        return Permit{std::move(effect), std::move(step)};
    }
    static DimPermit permit(EffectId effect, Dim dim) {
        return DimPermit{std::move(effect), std::move(dim)};
    }
};

}  // namespace homeostat::guard
