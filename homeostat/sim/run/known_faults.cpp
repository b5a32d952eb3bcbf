#include "homeostat/sim/run/known_faults.hpp"

#include <algorithm>
#include <array>

namespace homeostat::sim {

std::span<const KnownFault> known_faults() {
    static constexpr std::array faults{
        KnownFault{"P18", "somebody took it back",
                   "a remedy in hand repeats a step that a rival takes back until its three tries "
                   "are over; two reverts ought to end it (--seed 36)"},
        KnownFault{"P19", "left behind, and no incident holds it",
                   "a remedy that the budget stops half-way escalates, and its incident is closed "
                   "once the symptom is gone, with an instance still drained"},
    };
    return faults;
}

const KnownFault* find_known_fault(const Violation& violation) {
    const std::span<const KnownFault> all = known_faults();
    const auto found = std::ranges::find_if(all, [&](const KnownFault& fault) {
        return fault.promise == violation.promise && violation.text.starts_with(fault.begins);
    });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace homeostat::sim
