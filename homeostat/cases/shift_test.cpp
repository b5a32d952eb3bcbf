#include "homeostat/cases/shift.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <vector>

namespace homeostat::cases {

namespace {

/// A value every 5 s, for so long.
std::vector<SeriesPoint> series(double seconds, const std::function<double(double)>& value) {
    std::vector<SeriesPoint> points;
    for (double at = 5; at <= seconds; at += 5) {
        points.push_back({at, value(at)});
    }
    return points;
}

constexpr Floor floor_small{0.05, 0.001};

}  // namespace

TEST_CASE("a step is found, with what it was, what it is and since when") {
    const auto points = series(180, [](double at) { return at > 140 ? 0.4 : 0.01; });
    const auto shift = shift_of(points, 180, floor_small);
    REQUIRE(shift);
    CHECK(shift->before == doctest::Approx(0.01));
    CHECK(shift->after == doctest::Approx(0.4));
    CHECK(std::abs(shift->since_s - 40) <= 5);
    CHECK(shift->score > 10);
    CHECK(shift->ratio() == doctest::Approx(40));
}

TEST_CASE("a fall has a score below zero") {
    const auto points = series(180, [](double at) { return at > 150 ? 20.0 : 100.0; });
    const auto shift = shift_of(points, 180, floor_small);
    REQUIRE(shift);
    CHECK(shift->score < -5);
    CHECK(shift->ratio() == doctest::Approx(0.2));
}

TEST_CASE("what varies as it always did has not shifted") {
    const auto points = series(
        180, [](double at) { return 100 + 10 * std::sin(at * 1.7) + 6 * std::cos(at * 0.9); });
    const auto shift = shift_of(points, 180, floor_small);
    REQUIRE(shift);
    CHECK(std::abs(shift->score) < 2);
}

TEST_CASE("a spike that is long over raises neither what it was nor what it is") {
    const auto points = series(180, [](double at) { return at == 40 ? 900.0 : 10.0; });
    const auto shift = shift_of(points, 180, floor_small);
    REQUIRE(shift);
    CHECK(shift->before == doctest::Approx(10));
    CHECK(shift->after == doctest::Approx(10));
}

TEST_CASE("a change below the floor counts for little") {
    const auto points = series(180, [](double at) { return at > 120 ? 10.2 : 10.0; });
    const auto shift = shift_of(points, 180, Floor{0.1, 1});
    REQUIRE(shift);
    CHECK(std::abs(shift->score) < 0.5);
}

TEST_CASE("too few points, and a source that is silent by now, say nothing") {
    CHECK_FALSE(shift_of(series(15, [](double) { return 1; }), 15, floor_small));
    CHECK_FALSE(shift_of(series(100, [](double) { return 1; }), 180, floor_small));
    CHECK_FALSE(shift_of({}, 180, floor_small));
}

TEST_CASE("points after the moment of judgement are not looked at") {
    const auto points = series(360, [](double at) { return at > 180 ? 50.0 : 1.0; });
    const auto shift = shift_of(points, 180, floor_small);
    REQUIRE(shift);
    CHECK(shift->after == doctest::Approx(1));
}

TEST_CASE("a value holds until the next point") {
    const std::vector<SeriesPoint> points{{0, 1}, {90, 1}, {150, 5}, {180, 5}};
    const auto shift = shift_of(points, 180, floor_small);
    REQUIRE(shift);
    CHECK(shift->before == doctest::Approx(1));
    CHECK(shift->after == doctest::Approx(5));
    CHECK(std::abs(shift->since_s - 30) <= 5);
}

TEST_CASE("a morning that comes each day is no shift, and a second surge on it is") {
    constexpr double day = 86'400;
    const auto morning = [](double at) {
        const double hour = std::fmod(at, day) / 3600;
        return hour > 8 && hour < 18 ? 500.0 : 100.0;
    };
    std::vector<SeriesPoint> points;
    for (double at = 0; at <= 3 * day + 9 * 3600; at += 300) {
        points.push_back({at, morning(at)});
    }
    const double now = points.back().at_s;
    const auto usual = shift_of(points, now, Floor{0.1, 1});
    REQUIRE(usual);
    CHECK(std::abs(usual->score) < 1);
    for (SeriesPoint& point : points) {
        point.value *= point.at_s > now - 1800 ? 3 : 1;
    }
    const auto surge = shift_of(points, now, Floor{0.1, 1});
    REQUIRE(surge);
    CHECK(surge->score > 5);
    CHECK(surge->after == doctest::Approx(1500));
}

}  // namespace homeostat::cases
