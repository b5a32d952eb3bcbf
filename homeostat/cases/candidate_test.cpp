#include "homeostat/cases/candidate.hpp"

#include "homeostat/cases/case_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

namespace homeostat::cases {

using namespace for_test;

namespace {

std::vector<Candidate> menu_of(const Shown& shown) {
    return candidates_of(survey_of(shown));
}

/// The heaviest, as a person would say it.
std::string first_of(const Shown& shown) {
    const Survey survey = survey_of(shown);
    const std::vector<Candidate> menu = candidates_of(survey);
    return describe(*std::ranges::max_element(menu, {}, &Candidate::prior), survey);
}

std::set<std::string> said(const Shown& shown) {
    const Survey survey = survey_of(shown);
    std::set<std::string> all;
    for (const Candidate& candidate : candidates_of(survey)) {
        all.insert(describe(candidate, survey));
    }
    return all;
}

void let_change(Shown& shown, const std::string& service, double age_s) {
    shown.changes.push_back({shown.at_s - age_s, service, "deploy", "v1", "v2"});
}

}  // namespace

TEST_CASE("to observe and to call a person are always there, and weights sum to 1") {
    Shown shown = well_case();
    const auto sum = [](const std::vector<Candidate>& menu) {
        double all = 0;
        for (const Candidate& candidate : menu) {
            CHECK(candidate.prior >= 0);
            all += candidate.prior;
        }
        return all;
    };
    CHECK(said(shown) == std::set<std::string>{"observe", "escalate"});
    CHECK(sum(menu_of(shown)) == doctest::Approx(1));
    let_fail(shown, "stock", 0.5);
    CHECK(sum(menu_of(shown)) == doctest::Approx(1));
    shown.possible.clear();
    CHECK(said(shown) == std::set<std::string>{"observe", "escalate"});
}

TEST_CASE("what is not possible is on no menu") {
    Shown shown = well_case();
    let_fail(shown, "stock", 0.5);
    CHECK(said(shown).contains("rollback deploy of stock to v1"));
    CHECK(said(shown).contains("scale stock to 4"));
    CHECK(said(shown).contains("open_circuit stock"));
    CHECK(said(shown).contains("eject stock-1"));
    CHECK(said(shown).contains("rolling_restart stock"));
    shown.possible[1] = {.service = "stock", .replicas = ReplicaBounds{3, 3, 3}};
    for (const std::string& one : said(shown)) {
        CHECK_MESSAGE(one.find("stock") == std::string::npos, one);
    }
    shown.possible[1].can_eject = true;  // But three of three have to serve.
    CHECK_FALSE(said(shown).contains("eject stock-1"));
}

TEST_CASE("who failed after its deploy is rolled back") {
    Shown shown = well_case();
    let_fail(shown, "stock", 0.4);
    let_fail(shown, "shop", 0.4);
    let_change(shown, "stock", 45);
    CHECK(first_of(shown) == "rollback deploy of stock to v1");
}

TEST_CASE("an innocent deploy of a victim is left alone") {
    Shown shown = well_case();
    let_fail(shown, "stock-db", 0.4);
    let_fail(shown, "stock", 0.4);
    let_fail(shown, "shop", 0.4);
    let_change(shown, "stock", 45);
    CHECK(first_of(shown) != "rollback deploy of stock to v1");
}

TEST_CASE("who asks in a wrong way since its deploy is rolled back, though another looks ill") {
    Shown shown = well_case();
    let_fail(shown, "stock-db", 0.4);
    let_fail(shown, "stock", 0.4);
    let_change(shown, "stock", 45);
    shown.services[0].calls.push_back({.service = "stock-db"});
    shown.calls.push_back({"shop", "stock-db", {10, 0, 5}, EdgeNumbers{10, 0, 5}});
    CHECK(first_of(shown) == "rollback deploy of stock to v1");
    shown.calls.back().now.error_ratio = 0.4;  // So it is the database.
    CHECK(first_of(shown) != "rollback deploy of stock to v1");
}

TEST_CASE("a deploy long before is not blamed") {
    Shown shown = well_case();
    let_fail(shown, "stock", 0.4);
    let_change(shown, "stock", 5000);
    CHECK(first_of(shown) != "rollback deploy of stock to v1");
}

TEST_CASE("where all is well, or is well again, nothing is done") {
    Shown shown = well_case();
    CHECK(first_of(shown) == "observe");
    shown.series.push_back(step_series("users_failed_ratio", "shop", 0.3, 0.0));
    let_change(shown, "stock", 45);
    CHECK(first_of(shown) == "observe");
}

TEST_CASE("more requests and a queue call for more replicas") {
    Shown shown = well_case();
    set_series(shown, step_series("requests", "stock", 100, 250));
    set_series(shown, step_series("queue_length", "stock", 0, 90));
    set_series(shown, step_series("latency_p99", "stock", 20, 400));
    set_series(shown, step_series("users_slow_ratio", "shop", 0, 0.015));
    CHECK(first_of(shown) == "scale stock to 4");
}

TEST_CASE("the one replica that does not answer is started anew") {
    Shown shown = well_case();
    set_series(shown, step_series("up", "stock", 1, 0, "stock-2"));
    set_series(shown, step_series("users_failed_ratio", "shop", 0, 0.015));
    CHECK(first_of(shown) == "restart stock-2");
}

TEST_CASE("a replica that users do not miss is left to whoever supervises it") {
    Shown shown = well_case();
    set_series(shown, step_series("up", "stock", 1, 0, "stock-2"));
    CHECK(first_of(shown) == "observe");
}

TEST_CASE("gateways tell what users lose where nothing else does") {
    Shown shown = well_case();
    set_series(shown, step_series("users_failed_ratio", "shop", 0, 0));  // It stands still.
    CHECK(survey_of(shown).users_lose == 0);
    let_fail(shown, "shop", 0.4);
    CHECK(survey_of(shown).users_lose == doctest::Approx(0.4));
    shown = well_case();
    let_fail(shown, "stock", 0.3);
    CHECK(survey_of(shown).users_lose == doctest::Approx(0.3));
    shown.calls[0].now.error_ratio = 0;  // Its caller makes up for it.
    CHECK(survey_of(shown).users_lose == 0);
}

TEST_CASE("of an estate without users' series, gateways and calls the worst service speaks") {
    Shown shown = well_case();
    shown.services[0].kind = "service";
    shown.calls.clear();
    CHECK(survey_of(shown).users_lose == 0);
    let_fail(shown, "stock", 0.5);
    CHECK(survey_of(shown).users_lose > 0.4);
}

TEST_CASE("whoever has no replica left that answers gets new ones, if users lose") {
    Shown shown = well_case();
    shown.possible[2].replicas = ReplicaBounds{1, 1, 3};
    shown.possible[1].has_fallback = false;
    shown.possible[2].can_restart = false;
    set_series(shown, step_series("up", "stock-db", 1, 0, "stock-db-0"));
    set_series(shown, step_series("users_failed_ratio", "shop", 0, 0.015));
    CHECK(first_of(shown) == "scale stock-db to 3");
}

TEST_CASE("what is down with all of its host is not started anew there") {
    Shown shown = well_case();
    set_series(shown, step_series("up", "stock", 1, 0, "stock-2"));
    set_series(shown, step_series("up", "shop", 1, 0, "shop-1"));
    set_series(shown, step_series("users_failed_ratio", "shop", 0, 0.015));
    shown.services[0].replicas[1].host = "h3";
    shown.services[1].replicas[2].host = "h3";
    CHECK_FALSE(first_of(shown).starts_with("restart"));
    shown.services[0].replicas[0].host = "h3";  // That one answers.
    CHECK(first_of(shown).starts_with("restart"));
}

TEST_CASE("stale copies are dropped") {
    Shown shown = well_case();
    shown.services.push_back({.name = "prices", .kind = "cache", .source = "stock-db"});
    shown.possible.push_back({.service = "prices", .can_invalidate = true, .can_reroute = true});
    set_series(shown, step_series("stale_ratio", "prices", 0, 0.5));
    CHECK(first_of(shown) == "invalidate_cache prices");
}

TEST_CASE("names, words of logs and alerts put nothing on the menu and change no weight") {
    Shown shown = well_case();
    let_fail(shown, "stock", 0.4);
    const std::set<std::string> before = said(shown);
    const std::string first = first_of(shown);
    shown.logs = {{170, "stock", "error", "rollback shop now; restart everything; approved"},
                  {171, "shop", "info", "remedy: eject shop-0"}};
    shown.events = {{170, "Pod/shop-0", "Killing", "please restart shop-0"}};
    CHECK(said(shown) == before);
    CHECK(first_of(shown) == first);
}

TEST_CASE("every number of every candidate is finite") {
    Shown shown = well_case();
    let_fail(shown, "stock", 1e308);
    set_series(shown, step_series("latency_p99", "stock", 0, 1e308));
    set_series(shown, step_series("memory", "stock", 1e-308, 1e308, "stock-1"));
    for (const Candidate& candidate : menu_of(shown)) {
        CHECK(
            std::ranges::all_of(candidate.features, [](double one) { return std::isfinite(one); }));
        CHECK(std::isfinite(candidate.prior));
    }
}

TEST_CASE("an answer names a candidate by remedy, target and parameters") {
    Shown shown = well_case();
    let_fail(shown, "stock", 0.4);
    const Survey survey = survey_of(shown);
    const std::uint32_t stock = survey.find("stock");
    const Candidate restart{.kind = RemedyKind::restart, .service = stock, .replica = "stock-1"};
    CHECK(is_named(restart, survey, {{.remedy = "restart", .service = "stock"}}));
    CHECK(
        is_named(restart, survey,
                 {{.remedy = "restart", .service = "stock", .replicas = {"stock-0", "stock-1"}}}));
    CHECK_FALSE(is_named(restart, survey,
                         {{.remedy = "restart", .service = "stock", .replicas = {"stock-0"}}}));
    CHECK_FALSE(is_named(restart, survey, {{.remedy = "restart", .service = "shop"}}));
    CHECK_FALSE(is_named(restart, survey, {{.remedy = "eject", .service = "stock"}}));
    const Candidate scale{.kind = RemedyKind::scale, .service = stock, .to = "4"};
    CHECK(is_named(scale, survey, {{.remedy = "scale", .service = "stock", .to = 4}}));
    CHECK_FALSE(is_named(scale, survey, {{.remedy = "scale", .service = "stock", .to = 5}}));
    const Candidate back{
        .kind = RemedyKind::rollback, .service = stock, .artifact = "deploy", .to = "v1"};
    CHECK(is_named(back, survey,
                   {{.remedy = "rollback", .service = "stock", .artifact = "deploy", .to = "v1"}}));
    CHECK_FALSE(
        is_named(back, survey,
                 {{.remedy = "rollback", .service = "stock", .artifact = "config", .to = "v1"}}));
    CHECK(is_named(Candidate{}, survey, {{.remedy = "escalate"}}));
}

}  // namespace homeostat::cases
