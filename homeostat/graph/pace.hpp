#pragma once

// Pace: how many steps a thread has taken lately. One that takes too many spins, and is stopped.
//
// Steps are counted per span of time, not per life: a thread may wait for days, and each look at
// what it waits for is a step. The count is part of the checkpoint and goes by the time of the
// steps, so that a crash forgets none of it.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace homeostat::graph {

/// Eight in a second, on average: a thread that waits, and looks at what it waits for now and then,
/// stays far below.
constexpr std::uint32_t steps_max = 2'000;
constexpr Duration steps_span = std::chrono::minutes{2};

struct Pace {
    std::uint32_t steps_count{0};  ///< Since `since`.
    Instant since{};               ///< Less than `steps_span` before the latest step.
};

/// Counts one more step, unless there were `steps_max` within `steps_span` already: false.
/// Time that runs backwards, as it does after a reboot, relieves a thread of nothing.
[[nodiscard]] constexpr bool take_step(Pace& pace, Instant now) {
    if (now < pace.since) {
        pace.since = now;
    }
    if (now - pace.since >= steps_span) {
        pace = {0, now};
    }
    const bool has_room = pace.steps_count < steps_max;
    pace.steps_count += has_room ? 1 : 0;
    return has_room;
}

/// The limit in words.
[[nodiscard]] inline std::string steps_max_text() {
    const auto span = std::chrono::duration_cast<std::chrono::seconds>(steps_span);
    return std::to_string(steps_max) + " steps within " + std::to_string(span.count()) + " s";
}

}  // namespace homeostat::graph
