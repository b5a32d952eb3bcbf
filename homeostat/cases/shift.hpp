#pragma once

// Shift: what a series was, what it is now, and since when: its change-point.
//
// A series is cut in two where the halves differ most for what each varies within itself (one
// change-point, by the sum of squares; linear time). What it was is the median before the cut: a
// spike long over does not raise it. What it is, is the mean of its last few values. How much of a
// shift that is, is counted in the spread that it had before, with a floor: a service whose latency
// never moved by a hair is not broken by one.
//
// A series that spans at least two days is held against the same time of the days before, so that a
// morning is no surge.
//
// Pure. Values only.

#include "homeostat/base/list_fields.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace homeostat::cases {

/// A value holds until the next.
struct SeriesPoint {
    static constexpr bool is_list = true;
    double at_s{0};
    double value{0};

    static void fields(auto& self, auto&& field) {
        field("seconds", self.at_s);
        field("value", self.value);
    }
};

/// Differences smaller than this are none: `share` of what it was, and `least` in its own unit.
struct Floor {
    double share{0.1};
    double least{0};
};

struct Shift {
    double before{0};
    double after{0};
    double since_s{0};  ///< Seconds before the end of the series at which it began.
    double score{0};    ///< (after − before) in spreads of before; its sign is the direction.

    /// 1 where nothing changed. Bounded, so that what came from nothing does not drown the rest.
    [[nodiscard]] double ratio() const;
};

constexpr std::size_t grid_points = 72;  ///< Two and a half seconds of three minutes.
constexpr double score_max = 100;
constexpr double ratio_max = 100;

/// Of points that ascend in time. Nothing of a series with fewer than four points, or that ended
/// long before `at`.
[[nodiscard]] std::optional<Shift> shift_of(std::span<const SeriesPoint> points,
                                            double at,
                                            Floor floor);

}  // namespace homeostat::cases
