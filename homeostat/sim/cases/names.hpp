#pragma once

// Names: what services, caches, zones and versions of a case are called.
//
// Names mean nothing to the world; they are drawn so that no model learns that `payments` is the
// one that breaks.
//
// Pure.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/cases/split.hpp"

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::sim::cases {

/// The words that names of a kind are made of; a kind of service, or "cache".
[[nodiscard]] std::span<const std::string_view> words_of(std::string_view kind);

/// One that is not in `taken`, and is put there. Made of the words that the split may use.
[[nodiscard]] std::string draw_name(Rng& rng,
                                    Split split,
                                    std::string_view kind,
                                    std::set<std::string>& taken);

/// Names of so many versions, oldest first: "v41", "2.14.0", "20261103.2" or "9f3ac1e".
[[nodiscard]] std::vector<std::string> draw_versions(Rng& rng, std::size_t count);

/// Of so many zones.
[[nodiscard]] std::vector<std::string> draw_zones(Rng& rng, std::size_t count);

}  // namespace homeostat::sim::cases
