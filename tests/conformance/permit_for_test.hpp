#pragma once

// A Request for a suite that has no guard: only a Gate can make a Permit, and suites of actuators
// link no guard, so this stands in for guard's own.
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

namespace homeostat::conformance {

inline Request request_for_test(Step step) {
    return Request(guard::Gate::permit(EffectId("i-1.e1"), std::move(step)));
}

}  // namespace homeostat::conformance
