#pragma once

// Possible: what exists at a service, and what its owners permit. It bounds the menu of a case.
//
// Drawn, so that now and then the cure is not there: the old version is gone, no spare is left, a
// database may not be restarted. Such a remedy is tried all the same; that it is missing counts
// against the menu.
//
// Pure. Values only.

#include "homeostat/base/rng.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/sim/cases/story.hpp"
#include "homeostat/sim/cases/trials.hpp"

#include <cstdint>
#include <vector>

namespace homeostat::sim::cases {

struct PossibleAtService {
    bool restarts{true};
    std::uint32_t running{0};
    std::uint32_t running_min{1};
    std::uint32_t running_max{1};
    bool ejects{true};               ///< Any replica, as long as `running_min` are left.
    PerArtifact<bool> rolls_back{};  ///< The version before is kept.
    bool has_fallback{false};        ///< A caller can answer without it.
};

struct PossibleAtCache {
    bool invalidates{true};
    bool reroutes{true};
};

struct Possible {
    std::vector<PossibleAtService> services;
    std::vector<PossibleAtCache> caches;

    [[nodiscard]] bool has(const Trial& trial) const;
};

[[nodiscard]] Possible draw_possible(Rng& rng, const Story& story);

}  // namespace homeostat::sim::cases
