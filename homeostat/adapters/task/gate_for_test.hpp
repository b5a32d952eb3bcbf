#pragma once

// Requests for tests that link no guard: only a Gate can make a Permit, so this stands in for
// guard's own.
//
// For tests only.

#include "homeostat/domain/permit.hpp"

#include <utility>

namespace homeostat::guard {

class Gate {
  public:
    static Permit permit(EffectId effect, Step step) {
        return Permit{std::move(effect), std::move(step)};
    }
};

}  // namespace homeostat::guard
