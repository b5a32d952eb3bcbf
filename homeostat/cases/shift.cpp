#include "homeostat/cases/shift.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace homeostat::cases {

namespace {

constexpr double day_s = 86'400;
/// A source that is silent for a sixth of what it was watched for, says nothing of now.
constexpr double silent_share_max = 1.0 / 6;
constexpr std::size_t points_min = 4;
/// The part that is "now": an eighth of the grid, at least three of its points.
constexpr std::size_t recent_points = grid_points / 8;
/// Neither half may be shorter: two points always differ from the rest somehow.
constexpr std::size_t half_min = 4;
constexpr double normal_per_deviation = 1.4826;  ///< Of the median deviation of normal values.

using Grid = std::array<double, grid_points>;

/// The value that held at `time`.
double value_at(std::span<const SeriesPoint> points, double time) {
    const auto after = std::ranges::upper_bound(points, time, {}, &SeriesPoint::at_s);
    return after == points.begin() ? points.front().value : std::prev(after)->value;
}

Grid grid_of(std::span<const SeriesPoint> points, double from, double to) {
    Grid grid{};
    for (std::size_t index = 0; index < grid_points; ++index) {
        const double share = static_cast<double>(index + 1) / grid_points;
        grid.at(index) = value_at(points, from + (to - from) * share);
    }
    return grid;
}

double median_of(std::span<const double> values) {
    std::vector<double> sorted(values.begin(), values.end());
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::ranges::nth_element(sorted, middle);
    return *middle;
}

double spread_of(std::span<const double> values, double median) {
    std::vector<double> deviations;
    for (const double value : values) {
        deviations.push_back(std::abs(value - median));
    }
    return normal_per_deviation * median_of(deviations);
}

/// The index at which the second half begins: where the halves' sums of squares are least.
std::size_t cut_of(const Grid& grid) {
    double total = 0;
    for (const double value : grid) {
        total += value;
    }
    double left = 0;
    double gain_best = -1;
    std::size_t best = grid_points - half_min;
    for (std::size_t count = 1; count + half_min <= grid_points; ++count) {
        left += grid.at(count - 1);
        if (count < half_min) {
            continue;
        }
        const auto before = static_cast<double>(count);
        const auto after = static_cast<double>(grid_points - count);
        const double apart = left / before - (total - left) / after;
        const double gain = apart * apart * before * after;
        if (gain > gain_best) {
            gain_best = gain;
            best = count;
        }
    }
    return best;
}

/// What the same hours of the days before had, subtracted: what is left is unusual for the hour.
void take_days_out(Grid& grid, std::span<const SeriesPoint> points, double from, double to) {
    for (std::size_t index = 0; index < grid_points; ++index) {
        const double share = static_cast<double>(index + 1) / grid_points;
        const double time = from + (to - from) * share;
        double sum = 0;
        double count = 0;
        const double days = std::floor((time - points.front().at_s) / day_s);
        for (int day = 1; day <= days; ++day) {
            sum += value_at(points, time - day * day_s);
            count += 1;
        }
        const double usual = count > 0 ? sum / count : grid.at(index);
        grid.at(index) -= usual;
    }
}

}  // namespace

double Shift::ratio() const {
    if (before <= 0) {
        return after > 0 ? ratio_max : 1;
    }
    return std::clamp(after / before, 1 / ratio_max, ratio_max);
}

std::optional<Shift> shift_of(std::span<const SeriesPoint> points, double at, Floor floor) {
    const auto later = std::ranges::upper_bound(points, at, {}, &SeriesPoint::at_s);
    points = points.first(static_cast<std::size_t>(later - points.begin()));
    if (points.size() < points_min) {
        return std::nullopt;
    }
    const double first = points.front().at_s;
    const double span = points.back().at_s - first;
    if (span <= 0 || at - points.back().at_s > span * silent_share_max) {
        return std::nullopt;
    }
    const bool has_days = span >= 2 * day_s;
    const double from = has_days ? at - day_s / 4 : first;
    Grid grid = grid_of(points, from, at);
    const double level = grid.back();
    if (has_days) {
        take_days_out(grid, points, from, at);
    }
    const std::size_t cut = cut_of(grid);
    const std::span<const double> all(grid);
    const double before = median_of(all.first(cut));
    const std::size_t count = std::min(recent_points, grid_points - cut);
    double after = 0;
    for (const double value : all.last(count)) {
        after += value / static_cast<double>(count);
    }
    const double offset = has_days ? level - grid.back() : 0;
    const double size = std::abs(before + offset);
    const double spread =
        std::max({spread_of(all.first(cut), before), floor.least, floor.share * size, 1e-9});
    return Shift{.before = before + offset,
                 .after = after + offset,
                 .since_s = (at - from) * static_cast<double>(grid_points - cut) / grid_points,
                 .score = std::clamp((after - before) / spread, -score_max, score_max)};
}

}  // namespace homeostat::cases
