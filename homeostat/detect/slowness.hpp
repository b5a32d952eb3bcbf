#pragma once

// Slowness: are a service's answers much slower than usual, or one instance's than its siblings'?
//
// Figures are means of many answers, so a single slow one is no matter. They come as often as there
// are answers enough, up to four a second, each about the time since the one before.
//
// - Limit. A factor and a gain over what is usual, both: 3 ms after 1 ms is nothing. Where that
//   lies over the goal, the goal is the limit, unless it is usual to be near it.
// - Lasting. Some figures over the limit and none that is well between them, over a time that is
//   longer than a burst with its tail.
// - Gone once figures were below the middle between usual and limit for a while. Between the two
//   nothing changes, so a figure that wavers about the limit does not flap.
//
// What is usual is learnt from figures up to the limit, and those over the middle count as the
// middle. Before enough was seen nothing is slow: we may have come to a service that always is.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"
#include "homeostat/detect/presence.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace homeostat::detect {

struct SlowLimits {
    /// Slow is so many times what is usual. One: the gain alone decides.
    double factor_min{3};
    /// And so much more; shorter waits are felt by nobody. UNITS: ms. Zero: the factor decides.
    double gain_ms_min{50};
    /// What users are promised for 99 of 100 answers: a mean over it breaks that for sure. UNITS:
    /// ms. Zero: no promise.
    double goal_ms{500};
    /// A service that is usually near its goal or over it is slow from so many times its usual.
    double goal_factor_min{1.5};
    /// Slow figures without a well one between them. Zero: one is enough.
    std::uint32_t figures_min{4};
    /// And so long from the first to the last of them: longer than a burst of 300 ms with its tail
    /// and the cold start of a process. Zero: the count alone decides.
    Duration slow_for_min{std::chrono::seconds{3}};
    /// Gone after so long of well ones, seen. Zero: the first one ends it.
    Duration calm_for_min{std::chrono::seconds{2}};
    /// Seen before anything is judged. Zero: from the second figure on.
    Duration learn_for_min{std::chrono::seconds{10}};
    /// What was learnt fades by e in so long, seen. Zero: the last figure is what is usual.
    Duration fades_after{std::chrono::hours{1}};
    /// Figures further apart say nothing of the time between them, nor one of another. Zero:
    /// nothing is ever slow.
    Duration apart_max{std::chrono::seconds{6}};
};

/// What a figure is held against: above `limit_ms` is slow, below `calm_ms` is well.
struct SlowBounds {
    double limit_ms{0};
    double calm_ms{0};
};

struct SlowWatch {
    double usual_ms{0};
    Duration learnt_for{};
    double last_ms{0};
    std::optional<Instant> last_at;
    Streak slow;
    Presence presence;
};

/// Against what is usual for itself; absent until that is known.
[[nodiscard]] std::optional<SlowBounds> usual_bounds(const SlowWatch& watch,
                                                     const SlowLimits& limits);

/// Against a time that others take now.
[[nodiscard]] SlowBounds bounds_over(double others_ms, const SlowLimits& limits);

/// Takes a figure in: it lengthens or ends the streak of slow ones, ends a presence once well ones
/// lasted, and teaches what is usual. Whether a presence begins is for the caller to say.
void take_figure(SlowWatch& watch,
                 double figure_ms,
                 Instant at,
                 const std::optional<SlowBounds>& bounds,
                 const SlowLimits& limits);

[[nodiscard]] bool is_lasting(const Streak& slow, const SlowLimits& limits);

}  // namespace homeostat::detect
