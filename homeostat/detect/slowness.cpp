#include "homeostat/detect/slowness.hpp"

#include <algorithm>
#include <cmath>

namespace homeostat::detect {

namespace {

SlowBounds bounds_of(double usual_ms, double limit_ms) {
    return {limit_ms, (usual_ms + limit_ms) / 2};
}

void learn(SlowWatch& watch, double figure_ms, Duration seen_for, const SlowLimits& limits) {
    // At first a plain mean: the fading one would hold on to its first figure for long.
    watch.learnt_for = std::min(watch.learnt_for + seen_for, limits.fades_after);
    const double share = watch.learnt_for > Duration::zero()
                             ? to_seconds(seen_for) / to_seconds(watch.learnt_for)
                             : 1.0;
    watch.usual_ms += std::min(share, 1.0) * (figure_ms - watch.usual_ms);
}

/// Absent for the first figure and after a silence.
std::optional<Duration> apart_from_last(const SlowWatch& watch,
                                        Instant at,
                                        const SlowLimits& limits) {
    const bool is_near = watch.last_at && at - *watch.last_at <= limits.apart_max;
    return is_near ? std::optional(at - *watch.last_at) : std::nullopt;
}

void lengthen(Streak& streak, Instant at) {
    streak.first_at = streak.count == 0 ? at : streak.first_at;
    streak.last_at = at;
    streak.count += 1;
}

}  // namespace

std::optional<SlowBounds> usual_bounds(const SlowWatch& watch, const SlowLimits& limits) {
    if (!watch.last_at || watch.learnt_for < limits.learn_for_min) {
        return std::nullopt;
    }
    const double usual = watch.usual_ms;
    double limit = std::max(usual * limits.factor_min, usual + limits.gain_ms_min);
    if (limits.goal_ms > 0) {
        limit = std::min(limit, std::max(limits.goal_ms, usual * limits.goal_factor_min));
    }
    return bounds_of(usual, limit);
}

SlowBounds bounds_over(double others_ms, const SlowLimits& limits) {
    return bounds_of(others_ms,
                     std::max(others_ms * limits.factor_min, others_ms + limits.gain_ms_min));
}

void take_figure(SlowWatch& watch,
                 double figure_ms,
                 Instant at,
                 const std::optional<SlowBounds>& bounds,
                 const SlowLimits& limits) {
    const std::optional<Duration> apart = apart_from_last(watch, at, limits);
    const Duration seen_for = apart.value_or(Duration::zero());
    watch.last_at = at;
    watch.last_ms = figure_ms;
    const bool is_slow = bounds && figure_ms > bounds->limit_ms;
    if (!bounds || figure_ms <= bounds->calm_ms) {
        watch.slow = {};
    } else if (is_slow) {
        watch.slow = apart ? watch.slow : Streak{};
        lengthen(watch.slow, at);
    }
    Presence& presence = watch.presence;
    if (presence.is_present && bounds) {
        const bool is_calm = figure_ms <= bounds->calm_ms;
        presence.good_for = is_calm ? presence.good_for + seen_for : Duration::zero();
        presence.is_present = !is_calm || presence.good_for < limits.calm_for_min;
        presence.value = figure_ms;
    } else if (!is_slow) {
        learn(watch, bounds ? std::min(figure_ms, bounds->calm_ms) : figure_ms, seen_for, limits);
    }
}

bool is_lasting(const Streak& slow, const SlowLimits& limits) {
    return slow.count > 0 && slow.count >= limits.figures_min &&
           slow.last_at - slow.first_at >= limits.slow_for_min;
}

}  // namespace homeostat::detect
