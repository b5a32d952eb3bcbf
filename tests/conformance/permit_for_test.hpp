#pragma once

// Requests for a suite that has no guard: only a Gate can make a Permit, and suites of actuators
// link no guard, so this stands in for guard's own.
//
// For tests only.

#include "homeostat/domain/dimmer.hpp"
#include "homeostat/domain/marking.hpp"
#include "homeostat/domain/permit.hpp"

#include <string>
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
    static MarkPermit permit(EffectId effect, Marking marking) {
        return MarkPermit{std::move(effect), std::move(marking)};
    }
};

}  // namespace homeostat::guard

namespace homeostat::conformance {

inline Request request_for_test(Step step) {
    return Request(guard::Gate::permit(EffectId("i-1.e1"), std::move(step)));
}

/// Each order is an effect of its own, as those of an executor are.
inline DimRequest dim_request_for_test(Dim dim, int number) {
    return DimRequest(
        guard::Gate::permit(EffectId("i-2.e" + std::to_string(number)), std::move(dim)));
}

inline MarkRequest mark_request_for_test(Marking marking, int number = 1) {
    return MarkRequest(
        guard::Gate::permit(EffectId("m1.e" + std::to_string(number)), std::move(marking)));
}

}  // namespace homeostat::conformance
