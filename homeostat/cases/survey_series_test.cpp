// A case as others tell it: counters, seconds, percents, series of replicas alone.

#include "homeostat/cases/case_for_test.hpp"
#include "homeostat/cases/survey.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::cases {

using namespace for_test;

namespace {

ServiceSurvey at(const Survey& survey, const std::string& name) {
    REQUIRE(survey.find(name) != nobody);
    return survey.services[survey.find(name)];
}

/// A counter that rises by `before` in a second, and by `after` in the last 40 s.
Series counter_series(const std::string& name,
                      const std::string& service,
                      double before,
                      double after) {
    constexpr double step_s = 5;
    Series series = step_series(name, service, before, after);
    double sum = 1000;
    for (SeriesPoint& point : series.points) {
        sum += point.value * step_s;
        point.value = sum;
    }
    return series;
}

void drop_series(Shown& shown, const std::string& name, const std::string& service) {
    std::erase_if(shown.series, [&](const Series& series) {
        return series.name == name && series.service == service;
    });
}

}  // namespace

TEST_CASE("errors that are counted are held against the requests that are counted") {
    Shown shown = well_case();
    for (const char* name : {"error_ratio", "requests"}) {
        drop_series(shown, name, "stock-db");
    }
    shown.series.push_back(counter_series("http_requests_total", "stock-db", 100, 100));
    SUBCASE("four in ten fail") {
        shown.series.push_back(counter_series("http_requests_failed_total", "stock-db", 0, 40));
        const ServiceSurvey ill = at(survey_of(shown), "stock-db");
        CHECK(ill.shifts.after(Metric::error_ratio) == doctest::Approx(0.4));
        CHECK(ill.illness > 0.9);
    }
    SUBCASE("one in a thousand is nobody's illness, however much a counter rises") {
        shown.series.push_back(counter_series("http_requests_failed_total", "stock-db", 0.1, 0.1));
        const ServiceSurvey well = at(survey_of(shown), "stock-db");
        CHECK(well.illness < 0.01);
        CHECK(well.shifts.ratio(Metric::requests) == doctest::Approx(1));
    }
}

TEST_CASE("a latency in seconds is as slow as one in milliseconds") {
    Shown shown = well_case();
    drop_series(shown, "latency_p99", "stock");
    shown.series.push_back(step_series("http_request_duration_seconds_p99", "stock", 0.02, 0.4));
    const ServiceSurvey slow = at(survey_of(shown), "stock");
    CHECK(slow.shifts.after(Metric::latency) == doctest::Approx(400));
    CHECK(slow.illness > 0.9);
}

TEST_CASE("where a service has no series of its own the worst of its replicas speaks for it") {
    Shown shown = well_case();
    drop_series(shown, "error_ratio", "stock");
    shown.series.push_back(step_series("error_ratio", "stock", 0, 0, "stock-0"));
    shown.series.push_back(step_series("error_ratio", "stock", 0, 0.5, "stock-1"));
    CHECK(at(survey_of(shown), "stock").shifts.gain(Metric::error_ratio) == doctest::Approx(0.5));
    SUBCASE("and also a replica that nobody declared") {
        shown.series.back().replica = "stock-7f9c";
        const ServiceSurvey ill = at(survey_of(shown), "stock");
        CHECK(ill.illness > 0.9);
        CHECK(ill.replicas.size() == 3);
    }
    SUBCASE("but not beside its own") {
        shown.series.push_back(step_series("error_ratio", "stock", 0, 0));
        CHECK(at(survey_of(shown), "stock").illness < 0.01);
    }
}

TEST_CASE("half of a service's instances gone is half of an illness, without a word of which") {
    Shown shown = well_case();
    shown.series.push_back(step_series("up", "stock", 2, 1));
    CHECK(at(survey_of(shown), "stock").illness == doctest::Approx(0.5));
}

TEST_CASE("a call that is declared and not measured passes on what it is to") {
    Shown shown = well_case();
    for (const char* name : {"stock-db", "stock", "shop"}) {
        set_series(shown, step_series("error_ratio", name, 0, 0.4));
    }
    shown.calls.clear();
    const Survey survey = survey_of(shown);
    CHECK(at(survey, "stock-db").own > 0.9);
    CHECK(at(survey, "stock").own < 0.1);
    CHECK(at(survey, "shop").own < 0.1);
}

TEST_CASE("a log line of a level that is spelt otherwise is an error all the same") {
    Shown shown = well_case();
    let_fail(shown, "stock", 0.4);  // What a log says alone does not count.
    for (const char* level : {"ERROR", "Error", "SEVERE", "crit", "info", "warning"}) {
        shown.logs.push_back({170, "stock", level, "it is late"});
    }
    CHECK(at(survey_of(shown), "stock").error_lines == 4);
}

}  // namespace homeostat::cases
