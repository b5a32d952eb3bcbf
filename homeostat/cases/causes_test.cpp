#include "homeostat/cases/candidate.hpp"
#include "homeostat/cases/case_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::cases {

using namespace for_test;

namespace {

/// "stock: deploy, shop: unknown", the heaviest first.
std::string told(const Shown& shown) {
    const Survey survey = survey_of(shown);
    std::string text;
    for (const RankedCause& cause : causes_of(survey)) {
        text +=
            (text.empty() ? "" : ", ") + survey.services[cause.service].name + ": " + cause.kind;
    }
    return text;
}

}  // namespace

TEST_CASE("where nothing is wrong nobody is a cause, whatever changed") {
    Shown shown = well_case();
    shown.changes.push_back({150, "stock", "deploy", "v1", "v2"});
    shown.logs.push_back({170, "stock", "error", "certificate has expired"});
    CHECK(told(shown).empty());
}

TEST_CASE("whose use of a resource rose is a cause, and less of one than who fails") {
    Shown shown = well_case();
    shown.series.push_back(step_series("cpu", "stock-db", 0.5, 3));
    CHECK(told(shown) == "stock-db: cpu_saturation");
    shown.series.push_back(step_series("memory_rss", "shop", 100, 500));
    let_fail(shown, "stock", 0.4);
    CHECK(told(shown).starts_with("stock: unknown, "));
    CHECK(told(shown).contains("shop: memory_leak"));
}

TEST_CASE("a recent change tips the scale between equals, and gives the cause its kind") {
    Shown shown = well_case();
    shown.calls.clear();
    for (Service& service : shown.services) {
        service.calls.clear();
    }
    let_fail(shown, "stock", 0.1);
    let_fail(shown, "stock-db", 0.1);
    shown.changes.push_back({138, "stock-db", "config", "c0", "c1"});
    CHECK(told(shown) == "stock-db: config, stock: unknown");
    shown.changes.front().service = "stock";
    CHECK(told(shown) == "stock: config, stock-db: unknown");
}

TEST_CASE("a log names the cause where numbers fit what it tells") {
    Shown shown = well_case();
    let_fail(shown, "stock", 0.4);
    shown.series.push_back(step_series("denied_ratio", "stock", 0, 0.4));
    shown.logs.push_back({170, "stock", "error", "TLS handshake failed: certificate has expired"});
    CHECK(told(shown) == "stock: certificate");
    shown.series.pop_back();
    CHECK(told(shown) == "stock: unknown");
}

}  // namespace homeostat::cases
