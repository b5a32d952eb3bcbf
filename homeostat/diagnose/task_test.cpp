// A failing check of an operator's task: one cause, one remedy, and no other.

#include "homeostat/diagnose/diagnose.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::diagnose {

namespace {

const DeclaredTask purge{.task = TaskId("purge"), .declaration = "aaaa", .is_destructive = false};
const DeclaredTask rebuild{.task = TaskId("rebuild"), .declaration = "bbbb"};

Inventory with_tasks() {
    Inventory inventory;
    inventory.service = ServiceId("payments");
    inventory.instances = {InstanceId("payments-0")};
    inventory.tasks = {{purge, 3}, {rebuild, 1}};
    return inventory;
}

Symptom failing(const std::string& task) {
    return {.kind = SymptomKind::check_failing,
            .subject = {SubjectKind::task, task},
            .observer = Observer::check,
            .value = 3,
            .limit = 3,
            .noticed_at = instant_of_ns(1'000'000'000'000)};
}

std::vector<Remedy> remedies_of(const Menu& menu) {
    std::vector<Remedy> remedies;
    for (const MenuItem& item : menu.items) {
        remedies.push_back(item.remedy);
    }
    return remedies;
}

}  // namespace

TEST_CASE("a failing check offers its own task, as it is declared, and nothing else") {
    const Finding finding = diagnose({}, failing("rebuild"), with_tasks(), {}, {});
    CHECK(remedies_of(finding.menu) == std::vector<Remedy>{RunTask{rebuild}, Observe{}});
    REQUIRE(finding.diagnosis.causes.size() == 1);
    CHECK(finding.diagnosis.causes.front().kind == CauseKind::declared_fault);
    CHECK(finding.diagnosis.causes.front().because ==
          "the check of rebuild has failed 3 times in a row");
}

TEST_CASE("a task that was tried in an incident is not offered in it again") {
    const std::vector tried{RemedyKind::run_task};
    const Finding finding = diagnose({}, failing("purge"), with_tasks(), tried, {});
    CHECK(remedies_of(finding.menu) == std::vector<Remedy>{Observe{}});
}

TEST_CASE("a check of what nobody declared offers nothing") {
    const Finding finding = diagnose({}, failing("unheard_of"), with_tasks(), {}, {});
    CHECK(remedies_of(finding.menu) == std::vector<Remedy>{Observe{}});
}

TEST_CASE("no name of a task is in what a model reads") {
    const Finding finding = diagnose({}, failing("purge"), with_tasks(), {}, {});
    for (const std::string& line : finding.diagnosis.evidence.lines) {
        CHECK(!line.contains("purge"));
    }
}

TEST_CASE("no task is offered against what the service itself suffers from") {
    Symptom errors = failing("purge");
    errors.kind = SymptomKind::errors;
    errors.subject = {SubjectKind::service, "payments"};
    errors.observer = Observer::edge;
    const Finding finding = diagnose({}, errors, with_tasks(), {}, {});
    CHECK(std::ranges::none_of(
        finding.menu.items, [](const MenuItem& item) { return task_of(item.remedy) != nullptr; }));
}

}  // namespace homeostat::diagnose
