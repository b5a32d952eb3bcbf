#pragma once

// Faults of ours that the simulator has found and nobody has mended yet. Each is a promise broken:
// the command says so and fails. Only `--tolerate-known` lets a slice go on, so that what is new
// is seen; what is here is told all the same.
//
// Pure.

#include "homeostat/sim/referee/referee.hpp"

#include <span>
#include <string_view>

namespace homeostat::sim {

struct KnownFault {
    std::string_view promise;
    std::string_view begins;  ///< Of the referee's words.
    std::string_view says;
};

[[nodiscard]] std::span<const KnownFault> known_faults();

/// Null: it is none of them.
[[nodiscard]] const KnownFault* find_known_fault(const Violation& violation);

}  // namespace homeostat::sim
