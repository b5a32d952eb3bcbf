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

namespace {

Symptom errors_of_service() {
    Symptom errors = failing("purge");
    errors.kind = SymptomKind::errors;
    errors.subject = {SubjectKind::service, "payments"};
    errors.observer = Observer::edge;
    return errors;
}

/// The last look of its check.
State with_check(const std::string& task, double is_well) {
    State state;
    remember(state, Signal{.kind = SignalKind::is_well,
                           .observer = Observer::check,
                           .subject = {SubjectKind::task, task},
                           .value = is_well,
                           .at = instant_of_ns(999'000'000'000)});
    return state;
}

Inventory with_task_for_errors() {
    Inventory inventory = with_tasks();
    inventory.tasks[0].of.also_for = {SymptomKind::errors};
    return inventory;
}

}  // namespace

TEST_CASE(
    "a task that is declared for errors is offered against them, first, while its check fails") {
    const Inventory inventory = with_task_for_errors();
    const Finding finding =
        diagnose(with_check("purge", 0), errors_of_service(), inventory, {}, {});
    CHECK(remedies_of(finding.menu) ==
          std::vector<Remedy>{RunTask{inventory.tasks[0].of}, Observe{}});
    CHECK(finding.diagnosis.causes.front().kind == CauseKind::declared_fault);
    CHECK(finding.diagnosis.causes.front().because ==
          "the check of purge fails, and it is declared for errors");
}

TEST_CASE(
    "it is not offered while its check is well, unheard or another's, nor for another symptom") {
    const Inventory inventory = with_task_for_errors();
    const std::vector<Remedy> nothing{Observe{}};
    for (const State& state : {with_check("purge", 1), State{}, with_check("rebuild", 0)}) {
        const Finding finding = diagnose(state, errors_of_service(), inventory, {}, {});
        CHECK(remedies_of(finding.menu) == nothing);
    }
    Symptom slow = errors_of_service();
    slow.kind = SymptomKind::latency;
    CHECK(remedies_of(diagnose(with_check("purge", 0), slow, inventory, {}, {}).menu) == nothing);
}

TEST_CASE("a reflex is not kept waiting for a task") {
    Inventory inventory = with_task_for_errors();
    inventory.may_eject = true;
    inventory.tasks[0].of.also_for = {SymptomKind::latency};
    Symptom slow = errors_of_service();
    slow.kind = SymptomKind::latency;
    slow.subject = {SubjectKind::instance, "payments-0"};
    const Finding finding = diagnose(with_check("purge", 0), slow, inventory, {}, {});
    CHECK(std::ranges::none_of(
        finding.menu.items, [](const MenuItem& item) { return task_of(item.remedy) != nullptr; }));
}

}  // namespace homeostat::diagnose
