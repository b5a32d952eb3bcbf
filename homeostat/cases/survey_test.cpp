#include "homeostat/cases/survey.hpp"

#include "homeostat/cases/case_for_test.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::cases {

using namespace for_test;

namespace {

ServiceSurvey at(const Survey& survey, const std::string& name) {
    REQUIRE(survey.find(name) != nobody);
    return survey.services[survey.find(name)];
}

}  // namespace

TEST_CASE("where all is well nobody is ill") {
    const Survey survey = survey_of(well_case());
    for (const ServiceSurvey& service : survey.services) {
        CHECK(service.illness < 0.01);
        CHECK(service.own < 0.01);
        CHECK(service.onset_s < 0);
    }
    CHECK(survey.find("nobody-of-that-name") == nobody);
}

TEST_CASE("what a service passes on it does not have") {
    Shown shown = well_case();
    let_fail(shown, "stock-db", 0.4);
    let_fail(shown, "stock", 0.4);
    let_fail(shown, "shop", 0.4);
    const Survey survey = survey_of(shown);
    CHECK(at(survey, "stock-db").own > 0.9);
    CHECK(at(survey, "stock").illness > 0.9);
    CHECK(at(survey, "stock").own < 0.1);
    CHECK(at(survey, "shop").own < 0.1);
    CHECK(at(survey, "stock-db").onset_s == doctest::Approx(40).epsilon(0.2));
}

TEST_CASE("a service that looks well to itself and fails its callers is seen") {
    Shown shown = well_case();
    shown.calls[1].now.error_ratio = 0.5;
    let_fail(shown, "stock", 0.5);
    const Survey survey = survey_of(shown);
    CHECK(at(survey, "stock-db").illness < 0.01);
    CHECK(at(survey, "stock-db").seen_by_callers > 0.9);
    CHECK(at(survey, "stock-db").own > at(survey, "stock").own);
}

TEST_CASE("an optional call explains half of it at most") {
    Shown shown = well_case();
    shown.services[1].calls[0].is_required = false;
    let_fail(shown, "stock-db", 0.4);
    let_fail(shown, "stock", 0.4);
    CHECK(at(survey_of(shown), "stock").own == doctest::Approx(0.5).epsilon(0.1));
}

TEST_CASE("a replica is held against its siblings") {
    Shown shown = well_case();
    for (const std::string replica : {"stock-0", "stock-1", "stock-2"}) {
        const bool is_ill = replica == "stock-1";
        set_series(shown, step_series("error_ratio", "stock", 0, is_ill ? 0.5 : 0, replica));
        set_series(shown, step_series("latency_p99", "stock", 20, is_ill ? 200 : 20, replica));
        set_series(shown, step_series("memory", "stock", 100, is_ill ? 300 : 100, replica));
    }
    const Survey survey = survey_of(shown);
    const std::vector<ReplicaSurvey> replicas = at(survey, "stock").replicas;
    CHECK(replicas[0].error_excess == 0);
    CHECK(replicas[1].error_excess == doctest::Approx(0.5));
    CHECK(replicas[1].latency_excess == doctest::Approx(10));
    CHECK(replicas[1].memory_growth == doctest::Approx(3));
    CHECK(replicas[2].latency_excess == doctest::Approx(1));
}

TEST_CASE("what does not answer is down, and what fell often is known") {
    Shown shown = well_case();
    Series up{.name = "up", .service = "stock", .replica = "stock-2"};
    for (double at_s = 5; at_s <= 180; at_s += 5) {
        const bool is_down = at_s > 170 || (at_s > 60 && at_s < 80);
        up.points.push_back({at_s, is_down ? 0.0 : 1.0});
    }
    shown.series.push_back(up);
    const ServiceSurvey stock = at(survey_of(shown), "stock");
    CHECK(stock.down_count == 1);
    CHECK(stock.replicas[2].is_down);
    CHECK(stock.replicas[2].falls == 2);
    CHECK(stock.illness == doctest::Approx(1.0 / 3).epsilon(0.05));
}

TEST_CASE("of changes the latest of each kind counts, and none of the future") {
    Shown shown = well_case();
    shown.changes = {{-400, "stock", "deploy", "v0", "v1"},
                     {130, "stock", "deploy", "v1", "v2"},
                     {200, "stock", "deploy", "v2", "v3"},
                     {100, "stock", "config", "c0", "c1"},
                     {100, "unheard-of", "config", "c0", "c1"}};
    const ServiceSurvey stock = at(survey_of(shown), "stock");
    CHECK(stock.changes.at("deploy").age_s == doctest::Approx(50));
    CHECK(stock.changes.at("deploy").to == "v2");
    CHECK(stock.changes.at("config").age_s == doctest::Approx(80));
}

TEST_CASE("what users met and meet no more is passing") {
    Shown shown = well_case();
    shown.series.push_back(step_series("users_failed_ratio", "shop", 0.3, 0.0));
    const Survey survey = survey_of(shown);
    CHECK(survey.is_getting_better);
    CHECK(survey.users_failed < 0.01);
    CHECK(survey.users_worst == doctest::Approx(0.3));
}

TEST_CASE("a cache whose copies are wrong is ill, and so is one that is gone") {
    Shown shown = well_case();
    shown.services.push_back({.name = "prices", .kind = "cache", .source = "stock-db"});
    set_series(shown, step_series("stale_ratio", "prices", 0, 0.3));
    CHECK(at(survey_of(shown), "prices").illness > 0.4);
    set_series(shown, step_series("stale_ratio", "prices", 0, 0));
    set_series(shown, step_series("up", "prices", 1, 0));
    CHECK(at(survey_of(shown), "prices").illness > 0.9);
}

TEST_CASE("what log lines claim is counted by class and service, now and before") {
    Shown shown = well_case();
    let_fail(shown, "stock-db", 0.5);
    set_series(shown, step_series("disk_used", "stock", 0.5, 0.97));
    shown.logs = {{100, "stock", "error", "write /data: no space left on device"},
                  {130, "stock", "error", "write /data: no space left on device"},
                  {150, "stock", "warn", "dial tcp 10.0.0.3:5432: connect: connection refused"},
                  {151, "stock", "info", "served 200 in 3 ms"},
                  {152, "nobody", "error", "no space left on device"}};
    const Survey survey = survey_of(shown);
    const Troubles stock = at(survey, "stock").troubles;
    CHECK(stock.now_of(Trouble::disk_full) == 1);
    CHECK_FALSE(stock.is_new(Trouble::disk_full));
    CHECK(stock.is_new(Trouble::connection_refused));
    CHECK(stock.new_count() == 1);
    CHECK(at(survey, "stock").error_lines == 1);
    CHECK(at(survey, "shop").troubles.now == Troubles{}.now);
}

}  // namespace homeostat::cases
