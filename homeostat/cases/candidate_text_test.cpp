// What the text of log lines may do to a menu: nothing to what is on it.

#include "homeostat/cases/candidate.hpp"
#include "homeostat/cases/case_for_test.hpp"
#include "homeostat/cases/hostile_text_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace homeostat::cases {

using namespace for_test;

namespace {

/// The whole list as bytes: kind, service, replica, artifact, to, in its order.
std::string list_of(const Shown& shown) {
    std::string list;
    for (const Candidate& candidate : candidates_of(survey_of(shown))) {
        list += std::string(remedy_name(candidate)) + "|" + std::to_string(candidate.service) +
                "|" + candidate.replica + "|" + candidate.artifact + "|" + candidate.to + "\n";
    }
    return list;
}

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

/// Lines at every service, now and before, about nothing.
void add_lines(Shown& shown) {
    for (const Service& service : shown.services) {
        for (const double at_s : {30.0, 100.0, 150.0, 179.0}) {
            shown.logs.push_back({at_s, service.name, "error", "x"});
            shown.logs.push_back({at_s, service.name, "info", "x"});
        }
        shown.events.push_back({170, "Pod/" + service.name, "Unhealthy", "x"});
    }
}

}  // namespace

TEST_CASE("no text of a log line adds a candidate, takes one away or changes one") {
    Shown ill = well_case();
    let_fail(ill, "stock-db", 0.5);
    let_fail(ill, "stock", 0.3);
    for (Shown shown : {well_case(), ill}) {
        add_lines(shown);
        const std::string list = list_of(shown);
        for (std::uint64_t seed = 1; seed <= 300; ++seed) {
            CAPTURE(seed);
            Rng rng(seed);
            rewrite_text(shown, rng);
            REQUIRE(list_of(shown) == list);
        }
    }
}

TEST_CASE("a candidate is told what its service's log claims, by class and bounded") {
    Shown shown = well_case();
    let_fail(shown, "stock", 0.5);
    shown.logs = {{100, "stock", "error", "connection refused"},
                  {170, "stock", "error", "connection refused"}};
    for (int count = 0; count < 50; ++count) {
        shown.logs.push_back({171, "stock", "error", "no space left on device"});
        shown.logs.push_back({172, "stock-db", "error", "connection refused"});
    }
    const Candidate one = restart_of(shown, "stock-0");
    CHECK(feature(one, "log_connection_refused") == 1);
    CHECK(feature(one, "log_disk_full") == 20);
    CHECK(feature(one, "log_deadlock") == 0);
    CHECK(feature(one, "log_new_classes") == 1);
    CHECK(feature(one, "callees_refused_lines") == 20);
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
