#pragma once

// Limits: the protocol's times and thresholds. The defaults are starting values, not yet measured
// in anger; docs/pledges.md has the table.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace homeostat::mesh {

struct Limits {
    // Trouble of a route, seen by its caller, window by window.
    std::uint32_t errors_enter_permille{100};
    Duration queue_enter{std::chrono::milliseconds{20}};  ///< Waiting, not load, is the signal.
    std::uint32_t windows_enter{
        2};  ///< One may be a hiccup. With the callee's own hint one is enough.
    std::uint32_t errors_leave_permille{10};
    Duration queue_leave{std::chrono::milliseconds{5}};
    std::uint32_t windows_leave{5};  ///< Down fast, up slowly.
    /// Good windows may be a promise's own doing, so its callee says when it needs it no more.
    /// After so long its caller gives it back to see: a callee that never says so costs no more.
    Duration trial_after{std::chrono::minutes{1}};
    /// So many windows after a mode began its caller has to see that it helped.
    std::uint32_t windows_relief{2};

    /// From CFP to the mode in force: two round trips, and room. Then the local fallback.
    Duration ask_deadline{std::chrono::milliseconds{50}};
    /// From RENEW to the terms in force. There is time: those before still are.
    Duration renew_deadline{std::chrono::seconds{1}};
    /// Of what we offer and ask for, and the longest that we promise. 2 s to 60 s.
    Duration ttl{std::chrono::seconds{10}};
    Duration release_again_after{std::chrono::seconds{1}};

    Duration dwell{std::chrono::seconds{5}};      ///< Between two changes of a promise's terms.
    Duration ramp_step{std::chrono::seconds{1}};  ///< Of the way back: 10, 25, 50, 100 %.
    std::uint32_t jitter_percent{20};  ///< Either way, so that callers do not come back in step.
    std::uint32_t changes_max{3};      ///< New modes or terms within `changes_window`, per route.
    Duration changes_window{std::chrono::minutes{1}};
    Duration hold_down{std::chrono::minutes{1}};  ///< After that many; doubles.
    Duration hold_down_max{std::chrono::minutes{10}};

    /// Of the service's capacity: what may be promised and planned in all. The rest is for error.
    std::uint32_t share_percent{90};
    /// More neighbours than this look bad, and two at least: then we are the suspect.
    std::uint32_t neighbours_bad_percent_max{30};
    std::uint32_t self_health_max{3};  ///< Above, on the scale of the beacon, all is frozen.

    /// Between beacons while all is well, and while it is not.
    Duration beacon_every{std::chrono::seconds{1}};
    Duration beacon_every_in_need{std::chrono::milliseconds{200}};
    Duration hint_for{
        std::chrono::seconds{2}};  ///< Two windows; then a callee's hint is forgotten.

    /// Of what we tell a neighbour that would take capacity away while we do. Short, so that it
    /// asks again soon after we are done; a restart takes about as long.
    Duration word_for{std::chrono::seconds{2}};
    /// Who was let go says within it that it takes, or asks again: two slow looks at the world and
    /// an intent take less.
    Duration leave_for{std::chrono::seconds{3}};
};

/// What of a promise of `ttl` its relying side may count on, from when *it* asked: two clocks may
/// differ by 5 % in all, and a look at a clock takes its time.
[[nodiscard]] constexpr Duration reliance_for(Duration ttl) {
    constexpr Duration margin_min = std::chrono::milliseconds{100};
    constexpr int margin_part = 20;
    return ttl - std::max(ttl / margin_part, margin_min);
}

/// How often within a promise it is asked for again: two may be lost.
[[nodiscard]] constexpr Duration renew_after(Duration ttl) {
    constexpr int tries = 3;
    return ttl / tries;
}

}  // namespace homeostat::mesh
