#pragma once

// FlapDamping: how often one route may change what it promises.
//
// Three changes in a minute, whoever asks for them; then a hold-down that doubles each time and is
// short again once there was none for as long as the longest.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/mesh/limits.hpp"

#include <cstdint>
#include <deque>

namespace homeostat::mesh {

class FlapDamping {
  public:
    [[nodiscard]] bool permits(Instant now) const { return now >= held_until_; }

    /// A mode or its terms were changed.
    void note_change(const Limits& limits, Instant now);

    /// A promise did no good: what is asked for next waits.
    void hold_down(const Limits& limits, Instant now);

  private:
    std::deque<Instant> changes_at_;  ///< Of the last window; `changes_max` at most.
    Instant held_until_{Instant::min()};
    std::uint32_t holds_count_{0};  ///< In a row.
};

}  // namespace homeostat::mesh
