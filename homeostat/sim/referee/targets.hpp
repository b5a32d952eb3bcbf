#pragma once

// Targets: which part of the world a step is about and what of it, and which a reading tells of
// (P3).
//
// Pure. Values only.

#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/step.hpp"

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

namespace homeostat::sim {

/// The parts of the world that are read and acted upon apart from each other.
enum class Part : std::uint8_t { runtime, edge, caches };

constexpr auto names_of(std::type_identity<Part>) {
    return std::to_array<std::string_view>({"runtime", "edge", "caches"});
}

[[nodiscard]] Part part_of(const Step& step);

/// What of its part a step is about: an instance, a circuit, a route, a cache, an artifact.
[[nodiscard]] std::string target_of(const Step& step);

/// Takes from `unread` what the reading tells of, and says which part it is of.
[[nodiscard]] Part see_targets(const FactsPart& part, std::set<std::string>& unread);

}  // namespace homeostat::sim
