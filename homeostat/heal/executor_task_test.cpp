// An operator's task through the awaiting driver: run once, proven by its check and by nobody
// else's harm, taken back where it did not help; killed before, during and after its effect.

#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

const DeclaredTask purge{.task = TaskId("purge"),
                         .declaration = "aaaa",
                         .is_reversible = true,
                         .is_repeatable = false,
                         .is_destructive = false,
                         .keeps_capacity = true};

/// Its check fails, it was tried, and it may act.
SimulatedMachine failing(const DeclaredTask& task) {
    SimulatedMachine machine;
    machine.world.tasks = {{task, false, {}, true}};
    machine.settings.guard.tasks[task.task] = Autonomy::act;
    return machine;
}

DeclaredTask repeatable() {
    DeclaredTask task = purge;
    task.is_repeatable = true;
    return task;
}

DeclaredTask destructive() {
    DeclaredTask task = purge;
    task.is_destructive = true;
    task.is_reversible = false;
    return task;
}

Proposal run_in(const SimulatedMachine& machine, const DeclaredTask& task) {
    const Symptom symptom{.kind = SymptomKind::check_failing,
                          .subject = {SubjectKind::task, task.task.text()},
                          .observer = Observer::check,
                          .value = 3,
                          .limit = 3,
                          .began_at = machine.world.now,
                          .noticed_at = machine.world.now};
    return proposal_for_test(symptom, RunTask{task});
}

Proposal run_in(const SimulatedMachine& machine) {
    return run_in(machine, machine.world.tasks.front().of);
}

void begin(SimulatedProcess& process, const SimulatedMachine& machine) {
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(run_in(machine)));
}

std::size_t runs_count(const SimulatedMachine& machine, bool is_inverse = false) {
    return static_cast<std::size_t>(
        std::ranges::count(machine.world.runs, is_inverse, &Run::is_inverse));
}

/// What the ledger says of the last proof; nothing if there is none.
std::optional<Proof> proof_in(const SimulatedMachine& machine) {
    std::optional<Proof> last;
    for (const EntryGroup& group : machine.disk.groups) {
        for (const Entry& entry : group.entries) {
            if (entry.kind == EntryKind::proof) {
                last = from_json<ProofBody>(entry.body)->proof;
            }
        }
    }
    return last;
}

}  // namespace

TEST_CASE("a task is run once, and proven by its check and by what users meet") {
    SimulatedMachine machine = failing(purge);
    SimulatedProcess process(machine);
    begin(process, machine);
    REQUIRE(process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK(runs_count(machine) == 1);
    const std::optional<Proof> proof = proof_in(machine);
    REQUIRE(proof);
    CHECK(proof->kind == ProofKind::helped);
    CHECK(proof->strength == ProofStrength::strong);
    CHECK(proof->observers == std::vector{Observer::check, Observer::journey});
}

TEST_CASE("a task that is declared for errors is run for them, and proven by what users meet") {
    DeclaredTask task = purge;
    task.also_for = {SymptomKind::errors};
    SimulatedMachine machine = failing(task);
    machine.world.versions_bad = {machine.world.version_current};
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    const Symptom errors{.kind = SymptomKind::errors,
                         .subject = {SubjectKind::service, "payments"},
                         .observer = Observer::edge,
                         .value = 0.3,
                         .limit = 0.001,
                         .began_at = machine.world.now,
                         .noticed_at = machine.world.now};
    REQUIRE(process.submit(proposal_for_test(errors, RunTask{task})));
    SUBCASE("that its check is well again is not enough") {
        REQUIRE(process.settle_at("stand_by"));
        CHECK(runs_count(machine) == 1);
        const std::optional<Proof> proof = proof_in(machine);
        REQUIRE(proof);
        CHECK(proof->kind == ProofKind::not_helped);
        CHECK(runs_count(machine, true) == 1);
    }
    SUBCASE("once they are served well it has helped") {
        process.clock.run_until([&] { return runs_count(machine) == 1; }, 1min);
        machine.world.versions_bad.clear();
        REQUIRE(process.settle());
        CHECK(machine.story().back() == "closed healed");
        CHECK(runs_count(machine) == 1);
    }
}

TEST_CASE("a task that did not help is taken back once, and then a person is called") {
    SimulatedMachine machine = failing(purge);
    machine.world.runs_help = false;
    SimulatedProcess process(machine);
    begin(process, machine);
    REQUIRE(process.settle_at("stand_by"));
    CHECK(runs_count(machine) == 1);
    CHECK(runs_count(machine, true) == 1);
    CHECK(!machine.notices.empty());
    SUBCASE("one that cannot be taken back is left as it is") {
        SimulatedMachine other = failing(destructive());
        other.world.tasks.front().of.is_destructive = false;
        other.world.runs_help = false;
        SimulatedProcess its(other);
        begin(its, other);
        REQUIRE(its.settle_at("stand_by"));
        CHECK(runs_count(other) == 1);
        CHECK(runs_count(other, true) == 0);
    }
}

TEST_CASE("a task at `act` that did not help is demoted, and no other task with it") {
    SimulatedMachine machine = failing(purge);
    machine.settings.guard.demotes = true;
    machine.world.runs_help = false;
    SimulatedProcess process(machine);
    begin(process, machine);
    REQUIRE(process.settle_at("stand_by"));
    const std::vector<Demotion>& demoted = process.executor->demotions().all;
    REQUIRE(demoted.size() == 1);
    CHECK(demoted.front().remedy == RemedyKind::run_task);
    CHECK(demoted.front().task == purge.task);
    CHECK(std::ranges::any_of(machine.notices, [](const std::string& notice) {
        return notice.contains("homeostat autonomy promote run_task --task purge --because WHY");
    }));
    PromotedBody of_another{RemedyKind::run_task, "anna", "seen", TaskId("rebuild")};
    const Result<void> lifted = process.await(process.executor->promote(std::move(of_another)));
    REQUIRE_FALSE(lifted);
    CHECK(lifted.error().text.starts_with("run_task rebuild is not demoted"));
    PromotedBody of_it{RemedyKind::run_task, "anna", "seen", purge.task};
    CHECK(process.await(process.executor->promote(std::move(of_it))));
    CHECK(process.executor->demotions().all.empty());
}

TEST_CASE("a task whose check is well while users meet errors has not helped") {
    SimulatedMachine machine = failing(purge);
    machine.world.versions_bad = {machine.world.version_current};
    SimulatedProcess process(machine);
    begin(process, machine);
    REQUIRE(process.settle_at("stand_by"));
    const std::optional<Proof> proof = proof_in(machine);
    REQUIRE(proof);
    CHECK(proof->kind == ProofKind::not_helped);
    CHECK(runs_count(machine, true) == 1);
}

TEST_CASE("a task that was refused has not happened: nothing is proven, and a person is called") {
    SimulatedMachine machine = failing(purge);
    machine.world.refusals_left["run"] = 5;
    SimulatedProcess process(machine);
    begin(process, machine);
    REQUIRE(process.settle_at("stand_by"));
    CHECK(runs_count(machine) == 0);
    CHECK(machine.world.refusals_left["run"] == 4);
    CHECK(!proof_in(machine));
    CHECK(machine.notices.back().contains("nothing was done"));
}

TEST_CASE("after a lost reply the check says what became of a task") {
    SimulatedMachine machine = failing(purge);
    SimulatedProcess process(machine);
    process.tasks.replies_next = {SimulatedReply::unknown_done};
    begin(process, machine);
    REQUIRE(process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK(runs_count(machine) == 1);
}

TEST_CASE("a task of unknown fate whose check still fails is never run blindly a second time") {
    SimulatedMachine machine = failing(purge);
    SimulatedProcess process(machine);
    process.tasks.replies_next = {SimulatedReply::unknown_undone};
    begin(process, machine);
    REQUIRE(process.settle_at("stand_by"));
    CHECK(runs_count(machine) == 0);
    CHECK(process.tasks.performed.size() == 1);
    CHECK(machine.notices.back().contains("a second time may do harm"));
}

TEST_CASE("a repeatable task of unknown fate is run again, three times at most") {
    SimulatedMachine machine = failing(repeatable());
    SimulatedProcess process(machine);
    process.tasks.replies_next = {SimulatedReply::unknown_undone, SimulatedReply::unknown_undone};
    begin(process, machine);
    REQUIRE(process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK(runs_count(machine) == 1);
    CHECK(process.tasks.performed.size() == 3);
    SUBCASE("then a person is called") {
        SimulatedMachine other = failing(repeatable());
        SimulatedProcess its(other);
        its.tasks.replies_next = std::deque(9, SimulatedReply::unknown_undone);
        begin(its, other);
        REQUIRE(its.settle_at("stand_by"));
        CHECK(its.tasks.performed.size() == 3);
    }
}

TEST_CASE("a task whose check falls silent once it was run is waited for, and not run again") {
    SimulatedMachine machine = failing(repeatable());
    SimulatedProcess process(machine);
    process.tasks.replies_next = {SimulatedReply::unknown_done};
    begin(process, machine);
    REQUIRE(process.clock.run_until([&] { return runs_count(machine) == 1; }, 10s));
    machine.world.are_checks_answering = false;
    process.clock.run_for(5s);
    CHECK(process.executor->incidents().front().node == "act");
    machine.world.are_checks_answering = true;
    REQUIRE(process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK(process.tasks.performed.size() == 1);
}

TEST_CASE("a process killed after any group of its ledger runs a task once at most") {
    for (const bool is_repeatable : {false, true}) {
        for (const Duration afterwards : {Duration{}, Duration{10ms}}) {
            for (std::size_t groups = 2; groups < 24; ++groups) {
                CAPTURE(is_repeatable);
                CAPTURE(to_ms(afterwards));
                CAPTURE(groups);
                SimulatedMachine machine = failing(is_repeatable ? repeatable() : purge);
                {
                    SimulatedProcess process(machine);
                    begin(process, machine);
                    (void)process.clock.run_until(
                        [&] { return machine.disk.groups.size() >= groups; }, 1min);
                    process.clock.run_for(afterwards);
                }
                machine.world.pass(1s);
                SimulatedProcess successor(machine);
                REQUIRE(successor.start());
                const bool is_settled = successor.clock.run_until(
                    [&] {
                        const std::vector<IncidentView> open = successor.executor->incidents();
                        return open.empty() || open.front().node == "stand_by";
                    },
                    2min);
                REQUIRE(is_settled);
                CHECK(runs_count(machine) <= 1);
                for (const auto& [effect, count] : machine.world.changes_count) {
                    CHECK(count == 1);
                }
                // It died between the intent and the effect, or all is well.
                const bool is_healed = machine.world.tasks.front().is_well;
                CHECK((is_healed == (runs_count(machine) == 1)));
                CHECK((is_healed || !is_repeatable));
            }
        }
    }
}

TEST_CASE("nothing that destroys is done without the flag, the approval and the trial") {
    for (const bool is_allowed : {false, true}) {
        for (const bool is_proven : {false, true}) {
            for (const bool is_approved : {false, true}) {
                CAPTURE(is_allowed);
                CAPTURE(is_proven);
                CAPTURE(is_approved);
                SimulatedMachine machine = failing(destructive());
                machine.settings.guard.destructive_allowed = is_allowed;
                machine.world.tasks.front().is_proven = is_proven;
                SimulatedProcess process(machine);
                begin(process, machine);
                process.clock.run_for(3s);
                const std::vector<IncidentView> open = process.executor->incidents();
                const bool is_asked = !open.empty() && open.front().question.has_value();
                CHECK(is_asked == (is_allowed && is_proven));
                if (is_asked && is_approved) {
                    const std::string question = open.front().question->id;
                    REQUIRE(process.await(process.executor->answer(
                        IncidentId("i-1"), {AnswerKind::approved, question, "ada", "seen"})));
                }
                process.clock.run_for(1min);
                const bool is_run = is_allowed && is_proven && is_approved;
                CHECK(process.tasks.performed.size() == (is_run ? 1 : 0));
                CHECK(runs_count(machine) == (is_run ? 1 : 0));
            }
        }
    }
}

TEST_CASE("a failing check hides nothing else that is wrong, and waits behind nothing else") {
    SimulatedMachine machine = failing(purge);
    machine.settings.guard.tasks.clear();
    DeclaredTask other = repeatable();
    other.task = TaskId("rebuild");
    machine.world.tasks.push_back({other, false, {}, true});
    machine.settings.guard.tasks[other.task] = Autonomy::act;
    machine.world.versions_bad = {VersionId("v2")};
    machine.prove("v1");
    SimulatedProcess process(machine);
    begin(process, machine);
    REQUIRE(process.settle_at("stand_by"));
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.submit(run_in(machine, other)));
    REQUIRE(
        process.clock.run_until([&] { return process.executor->incidents().size() == 1; }, 1min));
    CHECK(process.executor->incidents().front().symptom.subject.name == "purge");
    CHECK(all_run(machine.world, "v1"));
    CHECK(machine.world.tasks.back().is_well);
    CHECK(!machine.world.tasks.front().is_well);
}

TEST_CASE("no check is run to take back what was done about anything else") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.undo_for_max = 30min;
    live_until(machine, 200, 1s);
    REQUIRE(machine.story().back() == "closed healed");
    machine.world.tasks = {{purge, true, {}, true}};
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    const std::uint32_t reads_before = process.tasks.reads_count;
    CHECK(process.await(process.executor->undo(IncidentId("i-1"), {"anna", "v2 is wanted"})));
    CHECK(process.tasks.reads_count == reads_before);
}

TEST_CASE("no check is run for an incident about anything else") {
    SimulatedMachine machine = failing(purge);
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    const std::uint32_t reads_before = process.tasks.reads_count;
    machine.world.end_process(InstanceId("payments-0"));
    REQUIRE(process.submit(reflex_of(machine, "payments-0")));
    REQUIRE(process.clock.run_until([&] { return machine.world.serving_count() == 3; }, 10s));
    CHECK(process.tasks.reads_count == reads_before);
}

}  // namespace homeostat::heal
