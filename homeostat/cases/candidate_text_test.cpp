// What candidates are told of the text of log lines. That it does nothing to the menu itself is
// tried in tests/hostile.

#include "homeostat/cases/candidate.hpp"
#include "homeostat/cases/case_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace homeostat::cases {

using namespace for_test;

namespace {

double feature(const Candidate& candidate, std::string_view name) {
    const auto found = std::ranges::find(feature_names, name);
    REQUIRE(found != feature_names.end());
    return candidate.features.at(static_cast<std::size_t>(found - feature_names.begin()));
}

Candidate restart_of(const Shown& shown, std::string_view replica) {
    const std::vector<Candidate> menu = candidates_of(survey_of(shown));
    const auto found = std::ranges::find(menu, replica, &Candidate::replica);
    REQUIRE(found != menu.end());
    return *found;
}

}  // namespace

TEST_CASE("a candidate is told what its service's log claims, by class and bounded") {
    Shown shown = well_case();
    let_fail(shown, "stock-db", 0.5);
    let_fail(shown, "stock", 0.5);
    set_series(shown, step_series("disk_used", "stock", 0.5, 0.97));
    shown.logs = {{100, "stock", "error", "connection refused"},
                  {170, "stock", "error", "connection refused"}};
    for (int count = 0; count < 50; ++count) {
        shown.logs.push_back({171, "stock", "error", "no space left on device"});
        shown.logs.push_back({172, "stock", "error", "read timed out"});
    }
    const Candidate one = restart_of(shown, "stock-0");
    CHECK(feature(one, "log_connection_refused") == 1);
    CHECK(feature(one, "log_disk_full") == 20);
    CHECK(feature(one, "log_deadlock") == 0);
    CHECK(feature(one, "log_new_classes") == 2);
    CHECK(feature(restart_of(shown, "shop-0"), "callees_refused_lines") == 20);
}

TEST_CASE("features of log lines stand behind all others, so that older tables still fit") {
    const auto room = std::ranges::find(feature_names, "room");
    REQUIRE(room != feature_names.end());
    CHECK(room - feature_names.begin() == 67);
    CHECK(*(room + 1) == "u_lose");
    for (auto name = room + 2; name != feature_names.end() - 1; ++name) {
        CHECK(name->starts_with("log_"));
    }
    CHECK(feature_names.back() == "callees_refused_lines");
}

}  // namespace homeostat::cases
