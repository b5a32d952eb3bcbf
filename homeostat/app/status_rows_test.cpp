#include "homeostat/app/status_rows.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace homeostat::app {

using namespace std::chrono_literals;

TEST_CASE("what a check said is told with its age, and no age is below zero") {
    const Instant now = instant_of_ns(1'000'000'000'000);
    Facts facts;
    CHECK(check_statuses(facts, now).empty());
    for (const Duration age : {Duration{90s}, Duration{-1s}}) {
        TaskFacts& task = facts.tasks.emplace_back();
        task.of.task = TaskId("tidy");
        task.is_well = age == Duration{90s};
        task.checked_at = now - age;
    }
    const std::vector<CheckStatus> rows = check_statuses(facts, now);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].task == TaskId("tidy"));
    CHECK(rows[0].is_well);
    CHECK(rows[0].age_s == doctest::Approx(90));
    CHECK_FALSE(rows[1].is_well);
    CHECK(rows[1].age_s == 0);
}

}  // namespace homeostat::app
