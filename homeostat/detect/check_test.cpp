// Answers of a task's check: when it is called failing, and when no longer.

#include "homeostat/detect/detect.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace homeostat::detect {

namespace {

using namespace std::chrono_literals;

struct Checks {
    State state;
    Instant at{1h};

    std::vector<Symptom> take(bool is_well, const std::string& task = "purge") {
        at += 30s;
        Signal signal;
        signal.kind = SignalKind::is_well;
        signal.observer = Observer::check;
        signal.subject = {SubjectKind::task, task};
        signal.value = is_well ? 1 : 0;
        signal.at = at;
        Limits limits;
        limits.checks_failed_min = {{TaskId("purge"), 3}, {TaskId("rebuild"), 1}};
        return symptoms(state, std::vector{signal}, limits, at);
    }
};

}  // namespace

TEST_CASE("a check that fails as often in a row as its task allows is a symptom") {
    Checks checks;
    CHECK(checks.take(false).empty());
    const Instant began_at = checks.at;
    CHECK(checks.take(false).empty());
    const std::vector<Symptom> present = checks.take(false);
    REQUIRE(present.size() == 1);
    CHECK(present.front().kind == SymptomKind::check_failing);
    CHECK(present.front().subject == Subject{SubjectKind::task, "purge"});
    CHECK(present.front().observer == Observer::check);
    CHECK(present.front().value == 3);
    CHECK(present.front().limit == 3);
    CHECK(present.front().began_at == began_at);
    CHECK(checks.take(false).front().began_at == began_at);
}

TEST_CASE("one check that is well ends it, and the count begins anew") {
    Checks checks;
    (void)checks.take(false);
    (void)checks.take(false);
    CHECK(checks.take(true).empty());
    CHECK(checks.take(false).empty());
    CHECK(checks.take(false).empty());
    CHECK(checks.take(false).size() == 1);
    CHECK(checks.take(true).empty());
}

TEST_CASE("each task has a number of its own, and nobody's check is counted as another's") {
    Checks checks;
    CHECK(checks.take(false, "rebuild").size() == 1);
    CHECK(checks.take(false).size() == 1);
    CHECK(checks.take(false).size() == 1);
    CHECK(checks.take(false).size() == 2);
    CHECK(checks.take(true, "rebuild").size() == 1);
}

TEST_CASE("a check of what nobody declared is no symptom") {
    Checks checks;
    for (int count = 0; count < 5; ++count) {
        CHECK(checks.take(false, "unheard_of").empty());
    }
}

}  // namespace homeostat::detect
