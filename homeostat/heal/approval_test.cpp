// Questions to people from end to end: asked, answered, guard again, done. Across deaths, too.

#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"
#include "homeostat/heal/replay.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

SimulatedMachine asking_machine() {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    return machine;
}

std::string question_of_first(const SimulatedProcess& process) {
    const std::vector<IncidentView> open = process.executor->incidents();
    return open.empty() || !open.front().question ? "" : open.front().question->id;
}

/// A process that asks whether it may roll back.
void begin_asking(SimulatedMachine& machine, SimulatedProcess& process) {
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.clock.run_until([&] { return !question_of_first(process).empty(); }, 1min));
}

Result<void> answer(SimulatedProcess& process, AnswerKind kind, const std::string& question) {
    return process.await(
        process.executor->answer(IncidentId("i-1"), {kind, question, "alice", "seen"}));
}

std::ptrdiff_t effects_count_of(const SimulatedMachine& machine) {
    return std::ranges::count_if(
        machine.story(), [](const std::string& line) { return line.starts_with("intent "); });
}

Fault fault_of(const Result<void>& result) {
    REQUIRE_FALSE(result);
    return result.error().fault;
}

/// Everything that the ledger says was decided comes out the same again.
bool is_replayed(const std::vector<EntryGroup>& ledger) {
    const Result<IncidentReplay> again = replay(ledger, IncidentId("i-1"));
    REQUIRE(again);
    return std::ranges::none_of(
        again->decisions, [](const Redecision& one) { return one.replay == Replay::differs; });
}

}  // namespace

TEST_CASE("a yes lets guard look again, and then the remedy is done") {
    SimulatedMachine machine = asking_machine();
    SimulatedProcess process(machine);
    begin_asking(machine, process);
    const std::string question = question_of_first(process);
    REQUIRE(question.size() == 16);
    CHECK(machine.notices.back() ==
          fmt::format("i-1: may I rollback payments from v2 to v1? homeostat approve i-1 "
                      "--question {0}, or homeostat deny i-1 --question {0}",
                      question));
    CHECK(effects_count_of(machine) == 0);
    CHECK(answer(process, AnswerKind::approved, question));
    CHECK(machine.has_line("approved by alice"));  // By the time that we are told.
    CHECK(process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK(all_run(machine.world, "v1"));
    CHECK(is_one_effect_per_intent(machine));
}

TEST_CASE("what the calibration holds back is asked about, and done with leave; it replays") {
    SimulatedMachine machine = bad_deploy();
    const decide::Settings settings = bar_for_test(RemedyKind::rollback, 0.95);
    machine.settings.started.settings =
        to_json(DecisionSettings{.guard = machine.settings.guard, .decide = settings});
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    const Symptom symptom = errors_for_test(machine.world.now);
    REQUIRE(process.submit(proposal_for_test(symptom, rollback_for_test(), settings)));
    REQUIRE(process.clock.run_until([&] { return !question_of_first(process).empty(); }, 1min));
    CHECK(machine.notices.back().contains("from v2 to v1, though it is held back (bar)? "));
    CHECK(effects_count_of(machine) == 0);
    CHECK(answer(process, AnswerKind::approved, question_of_first(process)));
    CHECK(process.settle());
    CHECK(all_run(machine.world, "v1"));
    std::vector<EntryGroup> ledger = machine.disk.groups;
    CHECK(is_replayed(ledger));
    for (EntryGroup& group : ledger) {
        for (Entry& entry : group.entries) {
            if (entry.kind == EntryKind::opened) {
                entry.body.as_object()["choice"].as_object().erase("held_back");
            }
        }
    }
    CHECK_FALSE(is_replayed(ledger));
}

TEST_CASE("a no is a no: nothing is done, and a person hears that it is theirs") {
    SimulatedMachine machine = asking_machine();
    SimulatedProcess process(machine);
    begin_asking(machine, process);
    CHECK(answer(process, AnswerKind::denied, question_of_first(process)));
    REQUIRE(process.settle_at("stand_by"));
    CHECK(machine.has_line("denied by alice"));
    CHECK(machine.notices.back() == "i-1: alice said no: seen");
    CHECK(effects_count_of(machine) == 0);
}

TEST_CASE("guard refuses what is no longer right, whoever agreed to it") {
    SimulatedMachine machine = asking_machine();
    SimulatedProcess process(machine);
    begin_asking(machine, process);
    const std::string question = question_of_first(process);
    SUBCASE("suspended") {
        machine.world.is_suspended = true;
        CHECK(answer(process, AnswerKind::approved, question));
        process.clock.run_for(10s);
        CHECK(process.executor->incidents().front().node == "guard");
        CHECK(machine.has_line("refusal: the kill switch is released"));
    }
    SUBCASE("nothing is wrong any more") {
        machine.world.versions_bad.clear();
        CHECK(answer(process, AnswerKind::approved, question));
        process.clock.run_for(10s);
        CHECK(machine.has_line("refusal: the executor sees the symptom itself"));
    }
    CHECK(effects_count_of(machine) == 0);
}

TEST_CASE("who has agreed is told if the world cannot be read from then on") {
    SimulatedMachine machine = asking_machine();
    SimulatedProcess process(machine);
    begin_asking(machine, process);
    const std::string question = question_of_first(process);
    machine.world.is_edge_readable = false;
    CHECK(answer(process, AnswerKind::approved, question));
    process.clock.run_for(machine.settings.refusal_for_max);
    CHECK(process.executor->incidents().front().node == "guard");
    process.clock.run_for(5s);
    CHECK(process.executor->incidents().front().node == "stand_by");
    CHECK(machine.notices.back().contains("a part of the world does not answer"));
    CHECK(effects_count_of(machine) == 0);
}

TEST_CASE("who has agreed waits for the release of the switch, however blind we are") {
    SimulatedMachine machine = asking_machine();
    SimulatedProcess process(machine);
    begin_asking(machine, process);
    const std::string question = question_of_first(process);
    machine.world.is_edge_readable = false;
    machine.world.is_suspended = true;
    CHECK(answer(process, AnswerKind::approved, question));
    process.clock.run_for(2 * machine.settings.refusal_for_max);
    CHECK(process.executor->incidents().front().node == "guard");
}

TEST_CASE("an answer to no question, to another one, twice or too late changes nothing") {
    SimulatedMachine machine = asking_machine();
    SimulatedProcess process(machine);
    begin_asking(machine, process);
    const std::string question = question_of_first(process);
    SUBCASE("another question") {
        CHECK(fault_of(answer(process, AnswerKind::approved, "00000000000000aa")) ==
              Fault::refused);
        CHECK(process.executor->incidents().front().node == "ask");
    }
    SUBCASE("another incident") {
        CHECK(fault_of(process.await(process.executor->answer(
                  IncidentId("i-9"), {AnswerKind::approved, question, "alice", ""}))) ==
              Fault::absent);
        CHECK(process.executor->incidents().front().node == "ask");
    }
    SUBCASE("twice") {
        CHECK(answer(process, AnswerKind::denied, question));
        CHECK(fault_of(answer(process, AnswerKind::approved, question)) == Fault::refused);
        process.clock.run_for(10s);
    }
    SUBCASE("too late") {
        REQUIRE(process.settle_at("stand_by"));
        CHECK(fault_of(answer(process, AnswerKind::approved, question)) == Fault::refused);
        process.clock.run_for(10s);
    }
    SUBCASE("while the ledger takes nothing") {
        machine.disk.full_at = 0;
        CHECK(fault_of(answer(process, AnswerKind::approved, question)) == Fault::full);
        process.clock.run_for(10s);
        CHECK(process.executor->incidents().front().node == "ask");
        CHECK_FALSE(machine.has_line("approved by alice"));
    }
    CHECK(effects_count_of(machine) == 0);
}

TEST_CASE("a remedy that did not help needs another yes before it is done again") {
    SimulatedMachine machine = asking_machine();
    machine.settings.guard.autonomy[RemedyKind::restart] = Autonomy::ask;
    machine.world.versions_bad.insert(VersionId("v1"));  // A rollback mends nothing.
    SimulatedProcess process(machine);
    begin_asking(machine, process);
    const std::string question = question_of_first(process);
    CHECK(answer(process, AnswerKind::approved, question));
    REQUIRE(process.clock.run_until([&] { return machine.has_line("not_helped"); }, 2min));
    REQUIRE(process.settle_at("rejudge"));
    const std::ptrdiff_t before = effects_count_of(machine);
    REQUIRE(process.submit(
        proposal_for_test(errors_for_test(machine.world.now), restart_for_test("payments-0"))));
    REQUIRE(process.clock.run_until([&] { return !question_of_first(process).empty(); }, 1min));
    CHECK(question_of_first(process) != question);
    CHECK(fault_of(answer(process, AnswerKind::approved, question)) == Fault::refused);
    CHECK(effects_count_of(machine) == before);
}

TEST_CASE("a yes outlives the process that heard it, and a question the one that asked it") {
    SimulatedMachine machine = asking_machine();
    std::string question;
    {
        SimulatedProcess process(machine);
        begin_asking(machine, process);
        question = question_of_first(process);
    }
    {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(1s);
        REQUIRE(process.executor->incidents().size() == 1);
        REQUIRE(process.clock.run_until([&] { return !question_of_first(process).empty(); }, 5s));
        CHECK(question_of_first(process) == question);
        CHECK(answer(process, AnswerKind::approved, question));
    }
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    CHECK(process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK(is_one_effect_per_intent(machine));
}

TEST_CASE("wherever the process dies between question and effect, one yes is one remedy") {
    SimulatedWorld bad_deploy;
    bad_deploy.versions_bad = {VersionId("v2")};
    constexpr int points_max = 90;  // More than there are.
    int healed_count = 0;
    for (int point = 1; point <= points_max; ++point) {
        CAPTURE(point);
        SimulatedWorld world = bad_deploy;
        SimulatedExecutor executor(world);
        executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
        executor.points_left = point;
        executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
        (void)executor.answer(AnswerKind::approved);
        executor.settle();
        if (executor.is_dead()) {
            if (executor.story().empty()) {
                continue;  // Nothing of it was written: the agent opens it anew.
            }
            executor.points_left = std::numeric_limits<int>::max();
            executor.restart();
            // Whoever was not heard is asked again; whoever was heard is not.
            const bool was_heard = std::ranges::count(executor.story(), "approved by alice") > 0;
            CHECK(executor.answer(AnswerKind::approved) == !was_heard);
            executor.settle();
        }
        CHECK(std::ranges::count(executor.story(), "approved by alice") == 1);
        CHECK(executor.has_ended());
        CHECK(executor.broken.empty());
        CHECK(is_replayed(executor.ledger));
        healed_count += executor.story().back() == "closed healed" ? 1 : 0;
    }
    CHECK(healed_count > points_max / 2);
}

TEST_CASE("an intent says who has agreed, and a replay finds out if it was somebody else") {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    SimulatedExecutor executor(world);
    executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    REQUIRE(executor.answer(AnswerKind::approved));
    executor.settle();
    REQUIRE(is_replayed(executor.ledger));
    std::vector<EntryGroup> forged = executor.ledger;
    bool is_forged = false;
    for (EntryGroup& group : forged) {
        for (Entry& entry : group.entries) {
            if (entry.kind == EntryKind::intent) {
                CHECK(body_for_test<IntentBody>(entry).approved_by == "alice");
                entry.body.as_object()["approved_by"] = "mallory";
                is_forged = true;
            }
        }
    }
    REQUIRE(is_forged);
    CHECK_FALSE(is_replayed(forged));
}

TEST_CASE("leave that lapses before the first effect is asked for anew") {
    SimulatedMachine machine = asking_machine();
    machine.world.give_configs();
    SimulatedProcess process(machine);
    begin_asking(machine, process);
    const std::string question = question_of_first(process);
    REQUIRE(answer(process, AnswerKind::approved, question));
    REQUIRE(process.settle_at("act"));
    REQUIRE(effects_count_of(machine) == 0);
    machine.world.configs.current = VersionId("c1");  // Somebody brings another configuration.
    process.clock.run_for(5s);
    CHECK(effects_count_of(machine) == 0);
    REQUIRE(process.clock.run_until([&] { return !question_of_first(process).empty(); }, 1min));
    CHECK(question_of_first(process) != question);
}

TEST_CASE("leave does not outlast a reboot") {
    SimulatedMachine machine = asking_machine();
    machine.settings.boot_id = machine.disk.boot_id = "one";
    {
        SimulatedProcess process(machine);
        begin_asking(machine, process);
        machine.world.is_suspended = true;  // So that nothing is done by it yet.
        REQUIRE(answer(process, AnswerKind::approved, question_of_first(process)));
        process.clock.run_for(1s);
    }
    machine.settings.boot_id = machine.disk.boot_id = "two";
    machine.world.is_suspended = false;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(30s);
    CHECK(effects_count_of(machine) == 0);
}

TEST_CASE("an answer that cannot be written is none, also where a start would be kept") {
    SimulatedMachine machine;
    machine.prove("v2");
    machine.settings.guard.autonomy[RemedyKind::restart] = Autonomy::ask;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    machine.world.end_process(InstanceId("payments-0"));
    REQUIRE(process.submit(reflex_of(machine, "payments-0")));
    REQUIRE(process.clock.run_until([&] { return !question_of_first(process).empty(); }, 1min));
    machine.disk.full_at = 0;
    for (const AnswerKind kind : {AnswerKind::denied, AnswerKind::approved}) {
        CHECK(fault_of(answer(process, kind, question_of_first(process))) == Fault::full);
    }
    process.clock.run_for(5s);
    CHECK(machine.world.serving_count() == 2);
    machine.disk.full_at.reset();
    process.clock.run_for(5s);
    CHECK(effects_count_of(machine) == 0);
    REQUIRE_FALSE(question_of_first(process).empty());
    CHECK(answer(process, AnswerKind::approved, question_of_first(process)));
    CHECK(process.settle());
}

TEST_CASE("an edge that says nothing right after a yes makes no old error a new one") {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    SimulatedExecutor executor(world);
    executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    REQUIRE(executor.node() == "ask");
    world.versions_bad.clear();
    world.is_edge_readable = false;
    REQUIRE(executor.answer(AnswerKind::approved));
    REQUIRE(executor.wake());
    world.is_edge_readable = true;
    executor.settle();
    CHECK(std::ranges::none_of(
        executor.story(), [](const std::string& line) { return line.starts_with("intent "); }));
}

// --- close ---------------------------------------------------------------------------------------

TEST_CASE("a person closes what was theirs, and nothing that is in hand") {
    SimulatedMachine machine = asking_machine();
    SimulatedProcess process(machine);
    begin_asking(machine, process);
    const auto close = [&](const std::string& id) {
        return process.await(process.executor->close(IncidentId(id), "alice", "mended by hand"));
    };
    CHECK(fault_of(close("i-9")) == Fault::absent);
    CHECK(fault_of(close("i-1")) == Fault::refused);
    CHECK(answer(process, AnswerKind::denied, question_of_first(process)));
    REQUIRE(process.settle_at("stand_by"));
    machine.disk.full_at = 0;
    CHECK(fault_of(close("i-1")) == Fault::full);
    CHECK(process.executor->incidents().size() == 1);
    machine.disk.full_at.reset();
    process.clock.run_for(5s);
    CHECK(close("i-1"));
    CHECK(process.executor->incidents().empty());
    CHECK(machine.story().back() == "closed by_person");
    process.clock.run_for(1min);
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    CHECK(successor.executor->incidents().empty());
}

TEST_CASE("a person closes what holds only what a remedy left that was given up") {
    SimulatedMachine machine = bad_deploy();
    machine.world.refusals_left["replace"] = 1'000;
    machine.world.refusals_left["undrain"] = 1'000;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(
        proposal_for_test(errors_for_test(machine.world.now), rolling_restart_for_test())));
    REQUIRE(process.settle_at("hold"));
    process.clock.run_for(5s);
    CHECK(process.await(
        process.executor->close(IncidentId("i-1"), "alice", "I put it back by hand")));
    CHECK(process.executor->incidents().empty());
}

TEST_CASE("what a parked incident left half done holds nobody up once a person has closed it") {
    SimulatedMachine machine = bad_deploy();
    {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        REQUIRE(process.submit(rollback_of(machine)));
        REQUIRE(process.clock.run_until([&] { return effects_count_of(machine) == 2; }, 1min));
    }
    be_of_another_graph(machine);
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.settle_at("parked"));
    process.await(process.executor->clear(errors_for_test(machine.world.now)));
    REQUIRE(process.executor->incidents().size() == 1);  // By itself it does not end.
    CHECK(process.await(
        process.executor->close(IncidentId("i-1"), "alice", "I finished the rollback")));
    CHECK(process.executor->incidents().empty());
    const Symptom silent = about_instance_for_test(SymptomKind::instance_not_answering,
                                                   "payments-0", machine.world.now);
    machine.world.instance(InstanceId("payments-0")).is_stalled = true;
    REQUIRE(process.submit(proposal_for_test(silent, restart_for_test("payments-0"))));
    CHECK(
        process.clock.run_until([&] { return starts_count_of(machine, "payments-0") > 0; }, 1min));
}

}  // namespace homeostat::heal
