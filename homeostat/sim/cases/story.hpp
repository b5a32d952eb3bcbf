#pragma once

// Story: a world that a plot has been played in, up to the moment of judgement.
//
// Pure.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/cases/plot.hpp"
#include "homeostat/sim/cases/recording.hpp"
#include "homeostat/sim/cases/setting.hpp"
#include "homeostat/sim/world/world.hpp"

#include <cstdint>
#include <vector>

namespace homeostat::sim::cases {

constexpr std::uint32_t window_s = 180;  ///< So much of the past a case shows.

struct Story {
    Setting setting;
    Plot plot;
    World world;  ///< As it is at the moment of judgement.
    Recorder recorder;
    std::vector<Alert> false_alarms;  ///< Such as nothing stands behind.
    std::uint32_t at_s{0};            ///< Second of the world.

    [[nodiscard]] std::uint32_t begins_s() const { return at_s - window_s; }
};

/// Draws plots until one is felt; some may pass in silence. The moment comes 3 to 40 s after the
/// first alert.
[[nodiscard]] Story tell_story(const Rng& rng, const CaseOrder& order);

}  // namespace homeostat::sim::cases
