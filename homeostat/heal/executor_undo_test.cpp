// What a person takes back: what an incident did that is closed, and what one holds; when they may
// not; and that no death of ours on the way does it twice or half.

#include "homeostat/heal/executor_scenes_for_test.hpp"
#include "homeostat/heal/replay.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

constexpr Duration undo_for_test = 30min;

/// The rollback of a bad deploy has helped, its incident is closed, and people want v2 after all.
SimulatedMachine healed() {
    SimulatedMachine machine = bad_deploy();
    machine.settings.undo_for_max = undo_for_test;
    live_until(machine, 200, 1s);
    ensure(machine.story().back() == "closed healed", "a rollback in a test heals");
    machine.world.versions_bad.clear();
    return machine;
}

/// In the life of a process that has just begun.
struct Life {
    explicit Life(SimulatedMachine& of) : process(of) {
        ensure(process.start().has_value(), "a process in a test starts");
        process.clock.run_for(3s);
    }
    Result<IncidentId> undo(const std::string& incident) {
        return process.await(
            process.executor->undo(IncidentId(incident), {"anna", "v2 is wanted"}));
    }
    SimulatedProcess process;
};

std::ptrdiff_t lines_count(const SimulatedMachine& machine, const std::string& begin) {
    return std::ranges::count_if(machine.story(),
                                 [&](const std::string& line) { return line.starts_with(begin); });
}

bool has_notice(const SimulatedMachine& machine, const std::string& part) {
    return std::ranges::any_of(machine.notices,
                               [&](const std::string& one) { return one.contains(part); });
}

const std::string undo_line = "undo: rollback payments from v1 to v2";

}  // namespace

TEST_CASE("what a closed incident did is taken back by one of its own: announced, done, proven") {
    SimulatedMachine machine = healed();
    Life life(machine);
    const std::vector<UndoableView> offered = life.process.executor->undoable();
    REQUIRE(offered.size() == 1);
    CHECK(offered.front().incident == IncidentId("i-1"));
    CHECK(offered.front().remedy == rollback_for_test());
    CHECK_FALSE(offered.front().is_held);
    CHECK(offered.front().until > machine.world.now + 28min);

    const Result<IncidentId> undoing = life.undo("i-1");
    REQUIRE_MESSAGE(undoing, undoing.error().text);
    CHECK(*undoing == IncidentId("i-2"));
    REQUIRE(life.process.settle());
    CHECK(all_run(machine.world, "v2"));
    CHECK(machine.world.version_current == VersionId("v2"));
    CHECK(is_one_effect_per_intent(machine));
    CHECK(machine.has_line(undo_line));
    const std::vector<std::string> story = machine.story();
    CHECK(*(story.end() - 2) == "helped");
    CHECK(story.back() == "closed passed");
    CHECK(life.process.executor->undoable().empty());
}

TEST_CASE("that the symptom comes back with what is taken back is proven, and left to the agent") {
    SimulatedMachine machine = healed();
    machine.world.versions_bad = {VersionId("v2")};
    Life life(machine);
    REQUIRE(life.undo("i-1"));
    REQUIRE(life.process.settle());
    CHECK(all_run(machine.world, "v2"));
    const std::vector<std::string> story = machine.story();
    CHECK(*(story.end() - 2) == "not_helped");
    CHECK(story.back() == "closed passed");
    CHECK(lines_count(machine, "undo: ") == 1);
}

TEST_CASE("who dies before, during or after the effect of an undo is succeeded: it happens once") {
    const std::size_t before = healed().disk.groups.size();
    for (const Duration afterwards : {Duration{}, Duration{10ms}}) {
        for (std::size_t groups = 1; groups < 45; ++groups) {
            CAPTURE(to_ms(afterwards));
            CAPTURE(groups);
            SimulatedMachine machine = healed();
            {
                SimulatedProcess process(machine);
                REQUIRE(process.start());
                process.clock.run_for(3s);
                boost::asio::co_spawn(process.context(),
                                      process.executor->undo(IncidentId("i-1"), {"anna", ""}),
                                      boost::asio::detached);
                process.clock.run_until(
                    [&] { return machine.disk.groups.size() >= before + groups; }, 1min);
                process.clock.run_for(afterwards);
            }
            const bool was_ordered = lines_count(machine, "opened: ") == 2;
            machine.world.pass(1s);
            Life successor(machine);
            REQUIRE(successor.process.settle());
            CHECK(is_one_effect_per_intent(machine));
            CHECK(machine.world.serving_min == 2);
            CHECK(all_run(machine.world, was_ordered ? "v2" : "v1"));
            CHECK(lines_count(machine, undo_line) == (was_ordered ? 1 : 0));
            // Whoever gave the order learns from the ledger that it was carried out.
            const Result<IncidentId> again = successor.undo("i-1");
            CHECK(again.has_value() == !was_ordered);
        }
    }
}

TEST_CASE("an effect of an undo whose fate nobody knows is looked for, and not done twice") {
    for (const SimulatedReply reply :
         {SimulatedReply::unknown_done, SimulatedReply::unknown_undone, SimulatedReply::late}) {
        CAPTURE(static_cast<int>(reply));
        SimulatedMachine machine = healed();
        Life life(machine);
        life.process.runtime.replies_next = {reply};
        REQUIRE(life.undo("i-1"));
        REQUIRE(life.process.settle());
        CHECK(is_one_effect_per_intent(machine));
        CHECK(all_run(machine.world, "v2"));
    }
}

TEST_CASE("an order that nobody lived to begin in time is not carried out later") {
    SimulatedMachine machine = healed();
    {
        Life life(machine);
        REQUIRE(life.undo("i-1"));
        machine.world.is_suspended = true;  // Only once the order stands: else guard refuses it.
        life.process.clock.run_for(100ms);
        REQUIRE(lines_count(machine, "intent i-2") == 0);
    }
    machine.world.pass(undo_for_test);
    Life successor(machine);
    machine.world.is_suspended = false;
    successor.process.clock.run_for(10s);
    CHECK(all_run(machine.world, "v1"));
    CHECK(lines_count(machine, "intent i-2") == 0);
    CHECK(machine.has_line("escalated: the remedy took too long and was given up"));
    const Result<IncidentId> again = successor.undo("i-1");
    REQUIRE_FALSE(again);
    CHECK_MESSAGE(again.error().text.contains("(guard.undo_for)"), again.error().text);
    CHECK(successor.process.executor->undoable().empty());
}

TEST_CASE("an order that came to nothing has taken nothing back, and is given again") {
    SimulatedMachine machine = healed();
    Life life(machine);
    machine.world.refusals_left["swap_version"] = 3;
    REQUIRE(life.undo("i-1"));
    REQUIRE(life.process.settle_at("stand_by"));
    CHECK(lines_count(machine, "intent i-2") == 3);
    CHECK(all_run(machine.world, "v1"));
    CHECK(life.process.executor->undoable().empty());
    CHECK_FALSE(life.undo("i-1"));  // A person was called, and has not looked yet.
    REQUIRE(life.process.await(
        life.process.executor->close(IncidentId("i-2"), "anna", "the registry was away")));
    REQUIRE(life.process.settle());

    const std::vector<UndoableView> offered = life.process.executor->undoable();
    REQUIRE(offered.size() == 1);
    CHECK(offered.front().incident == IncidentId("i-1"));
    const Result<IncidentId> of_nothing = life.undo("i-2");
    REQUIRE_FALSE(of_nothing);
    CHECK_MESSAGE(of_nothing.error().text.contains("it did nothing"), of_nothing.error().text);
    const Result<IncidentId> again = life.undo("i-1");
    REQUIRE_MESSAGE(again, again.error().text);
    REQUIRE(life.process.settle());
    CHECK(all_run(machine.world, "v2"));
    const Result<IncidentId> twice = life.undo("i-1");
    REQUIRE_FALSE(twice);
    CHECK(twice.error().text == "i-1 was taken back already, by i-3");
}

TEST_CASE("who closes an order whose effect nobody knows has it taken for carried out") {
    SimulatedMachine machine = healed();
    {
        Life life(machine);
        life.process.runtime.replies_next = {SimulatedReply::unknown_undone};
        machine.settings.plan_for_max = 1s;
        REQUIRE(life.undo("i-1"));
        REQUIRE(life.process.clock.run_until(
            [&] { return lines_count(machine, "intent i-2") == 1; }, 1min));
    }
    machine.world.is_runtime_readable = false;
    Life successor(machine);
    REQUIRE(successor.process.settle_at("stand_by", 10min));
    REQUIRE(lines_count(machine, "outcome i-2") == 0);
    REQUIRE(successor.process.await(
        successor.process.executor->close(IncidentId("i-2"), "anna", "I look after it")));
    REQUIRE(successor.process.settle());
    machine.world.is_runtime_readable = true;
    const Result<IncidentId> again = successor.undo("i-1");
    REQUIRE_FALSE(again);
    CHECK(again.error().text == "i-1 was taken back already, by i-2");
}

TEST_CASE("an undo opens no more incidents than may be open") {
    SimulatedMachine machine = healed();
    Life life(machine);
    for (int ghost = 0; ghost < 64; ++ghost) {
        const std::string name = "ghost-" + std::to_string(ghost);
        REQUIRE(life.process.submit(reflex_of(machine, name)));
    }
    REQUIRE(life.process.executor->incidents().size() == 64);
    const Result<IncidentId> undoing = life.undo("i-1");
    REQUIRE_FALSE(undoing);
    CHECK(undoing.error().fault == Fault::busy);
    CHECK(undoing.error().text == "too many open incidents");
    CHECK(lines_count(machine, "undo: ") == 0);
}

TEST_CASE("the kill switch holds an order up, and nothing but it") {
    SimulatedMachine machine = healed();
    Life life(machine);
    REQUIRE(life.undo("i-1"));
    machine.world.is_suspended = true;
    life.process.clock.run_for(5min);
    CHECK(lines_count(machine, "intent i-2") == 0);
    machine.world.is_suspended = false;
    REQUIRE(life.process.settle());
    CHECK(all_run(machine.world, "v2"));
}

namespace {

struct Refused {
    std::string says;
    void (*make)(SimulatedMachine&);
    std::string incident{"i-1"};
    Fault fault{Fault::refused};
};

const std::vector<Refused>& refusals() {
    static const std::vector<Refused> all{
        {"nothing is remembered of i-9", [](SimulatedMachine&) {}, "i-9", Fault::absent},
        {"(guard.undo_for)", [](SimulatedMachine& machine) { machine.world.pass(undo_for_test); }},
        {"(guard.undo_for)",
         [](SimulatedMachine& machine) { machine.settings.undo_for_max = Duration{}; }},
        {"the current version is v3",
         [](SimulatedMachine& machine) {
             machine.world.versions_present.emplace_back("v3");
             machine.world.version_current = VersionId("v3");
         }},
        {"the version to return to is not there",
         [](SimulatedMachine& machine) { machine.world.versions_present = {VersionId("v1")}; }},
        {"Homeostat is suspended",
         [](SimulatedMachine& machine) { machine.world.is_suspended = true; }},
        {"(the group stays above its floor)",
         [](SimulatedMachine& machine) { machine.settings.guard.min_healthy = 3; }},
        {"(the budget holds the effects)",
         [](SimulatedMachine& machine) { machine.settings.guard.effects_max = 12; }},
        {"(the facts are complete and fresh)",
         [](SimulatedMachine& machine) { machine.world.is_edge_readable = false; }},
        {"no witness, no action",
         [](SimulatedMachine& machine) {
             machine.settings.unwitnessed = [] { return std::string("none keeps heads"); };
         },
         "i-1", Fault::full},
        {"no ledger, no action",
         [](SimulatedMachine& machine) { machine.disk.full_at = machine.disk.groups.size(); },
         "i-1", Fault::full},
    };
    return all;
}

}  // namespace

TEST_CASE("an undo is refused in words where it may not be done, and nothing is done") {
    for (const Refused& one : refusals()) {
        CAPTURE(one.says);
        SimulatedMachine machine = healed();
        one.make(machine);
        Life life(machine);
        const Result<IncidentId> undoing = life.undo(one.incident);
        REQUIRE_FALSE(undoing);
        CHECK(undoing.error().fault == one.fault);
        CHECK_MESSAGE(undoing.error().text.contains(one.says), undoing.error().text);
        life.process.clock.run_for(5s);
        CHECK(lines_count(machine, "opened: ") == 1);
        CHECK(lines_count(machine, "intent i-2") == 0);
    }
}

TEST_CASE("what was taken back is not taken back twice, and what cannot be is not") {
    SimulatedMachine machine = healed();
    Life life(machine);
    REQUIRE(life.undo("i-1"));
    const Result<IncidentId> meanwhile = life.undo("i-1");
    REQUIRE_FALSE(meanwhile);
    CHECK(meanwhile.error().text.contains("i-1"));
    REQUIRE(life.process.settle());
    const Result<IncidentId> again = life.undo("i-1");
    REQUIRE_FALSE(again);
    CHECK(again.error().text == "i-1 was taken back already, by i-2");

    machine.world.end_process(InstanceId("payments-0"));
    REQUIRE(life.process.submit(reflex_of(machine, "payments-0")));
    REQUIRE(life.process.settle());
    const Result<IncidentId> restart = life.undo("i-3");
    REQUIRE_FALSE(restart);
    CHECK(restart.error().text == "i-3 did what cannot be taken back: restart payments-0");
}

TEST_CASE("another incident about the same comes first") {
    SimulatedMachine machine = healed();
    machine.settings.guard.autonomy.clear();
    Life life(machine);
    machine.world.versions_bad = {VersionId("v1")};
    REQUIRE(life.process.submit(
        proposal_for_test(errors_for_test(machine.world.now), rolling_restart_for_test())));
    REQUIRE(life.process.settle_at("stand_by"));
    const Result<IncidentId> undoing = life.undo("i-1");
    REQUIRE_FALSE(undoing);
    CHECK(undoing.error().text.starts_with("i-2 is open and at the same"));
}

TEST_CASE("where approvers have to sign, an undo that nobody signs is refused") {
    SimulatedMachine machine = healed();
    machine.settings.approvers.listed.push_back({.name = "anna", .key = {}});
    Life life(machine);
    const Result<IncidentId> undoing = life.undo("i-1");
    REQUIRE_FALSE(undoing);
    CHECK(undoing.error().text.contains("an undo has to be signed"));
}

// --- what is held --------------------------------------------------------------------------------

namespace {

/// payments-1 is slow, and out of rotation for that.
struct Ejected {
    Ejected() {
        machine.settings.inventory.may_eject = true;
        machine.settings.undo_for_max = undo_for_test;
        machine.settings.guard.demotes = true;
        machine.world.instance(InstanceId("payments-1")).is_slow = true;
    }
    void begin(SimulatedProcess& process) {
        ensure(process.start().has_value(), "a process in a test starts");
        process.clock.run_for(3s);
        Symptom slow =
            about_instance_for_test(SymptomKind::latency, "payments-1", machine.world.now);
        slow.value = 480;
        slow.limit = 250;
        ensure(process.submit(proposal_for_test(slow, eject_for_test("payments-1"))).has_value(),
               "an eject is taken");
        ensure(process.settle_at("hold"), "an eject is held");
    }
    SimulatedMachine machine;
};

}  // namespace

TEST_CASE("what is held is given back at once on a person's word, however much it is needed") {
    Ejected ejected;
    SimulatedMachine& machine = ejected.machine;
    SimulatedProcess process(machine);
    ejected.begin(process);
    REQUIRE(process.executor->undoable().size() == 1);
    CHECK(process.executor->undoable().front().is_held);
    const Result<IncidentId> taken =
        process.await(process.executor->undo(IncidentId("i-1"), {"anna", "it is fine"}));
    REQUIRE_MESSAGE(taken, taken.error().text);
    CHECK(*taken == IncidentId("i-1"));
    process.clock.run_for(2s);
    CHECK(machine.has_line("undo: readmit payments-1"));
    CHECK(machine.has_line("given back: its time is up"));
    CHECK_FALSE(machine.world.instance(InstanceId("payments-1")).is_drained);
    CHECK(machine.has_line("demoted: eject"));
    CHECK(has_notice(machine, "eject was taken back by anna, and asks a person from now on"));
    // A successor knows, and the decisions come out the same when they are made again.
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    REQUIRE(successor.executor->demotions().find(RemedyKind::eject) != nullptr);
    CHECK(successor.executor->demotions().find(RemedyKind::eject)->by == "anna");
    const Result<IncidentReplay> replayed = replay(machine.disk.groups, IncidentId("i-1"));
    REQUIRE(replayed);
    for (const Redecision& decision : replayed->decisions) {
        CHECK_MESSAGE(decision.replay != Replay::differs, decision.replayed);
    }
}

TEST_CASE("what somebody else has given back is not offered to be taken back") {
    Ejected ejected;
    SimulatedMachine& machine = ejected.machine;
    SimulatedProcess process(machine);
    ejected.begin(process);
    machine.world.instance(InstanceId("payments-1")).is_slow = false;
    machine.world.instance(InstanceId("payments-1")).is_drained = false;
    REQUIRE(process.settle());
    REQUIRE(machine.story().back() == "closed healed");
    CHECK(lines_count(machine, "intent ") == 1);
    CHECK(process.executor->undoable().empty());
    CHECK_FALSE(has_notice(machine, "it is taken back by: homeostat undo"));
    const Result<IncidentId> undoing =
        process.await(process.executor->undo(IncidentId("i-1"), {"anna", ""}));
    REQUIRE_FALSE(undoing);
    CHECK_MESSAGE(undoing.error().text.contains("has left nothing to take back"),
                  undoing.error().text);
    CHECK(lines_count(machine, "demoted: ") == 0);
}

TEST_CASE("where nothing may be taken back by a word, what is held stays so") {
    Ejected ejected;
    SimulatedMachine& machine = ejected.machine;
    machine.settings.undo_for_max = Duration{};
    SimulatedProcess process(machine);
    ejected.begin(process);
    CHECK(process.executor->undoable().empty());
    const Result<IncidentId> taken =
        process.await(process.executor->undo(IncidentId("i-1"), {"anna", "it is fine"}));
    REQUIRE_FALSE(taken);
    CHECK(taken.error().text.contains("guard.undo_for is 0s"));
    process.clock.run_for(1s);
    CHECK(machine.world.instance(InstanceId("payments-1")).is_drained);
}

TEST_CASE("an incident that is open and holds nothing has nothing to give back") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.undo_for_max = undo_for_test;
    Life life(machine);
    REQUIRE(life.process.submit(rollback_of(machine)));
    REQUIRE(life.process.settle_at("act"));
    const Result<IncidentId> undoing = life.undo("i-1");
    REQUIRE_FALSE(undoing);
    CHECK(undoing.error().text.starts_with("i-1 is open (at act)"));
}

// --- what follows --------------------------------------------------------------------------------

TEST_CASE("what was done alone and is taken back asks a person the next time") {
    SimulatedMachine machine = healed();
    machine.settings.guard.demotes = true;
    Life life(machine);
    REQUIRE(life.undo("i-1"));
    REQUIRE(life.process.settle());
    CHECK(machine.has_line("demoted: rollback"));
    CHECK(has_notice(machine, "i-1: rollback was taken back by anna"));
    machine.world.versions_bad = {VersionId("v2")};
    life.process.clock.run_for(3min);  // The cool-down of i-1.
    REQUIRE(life.process.submit(rollback_of(machine)));
    REQUIRE(life.process.settle_at("ask"));
    CHECK(all_run(machine.world, "v2"));
}

TEST_CASE("who is told that something helped is told how to take it back, and until when") {
    SimulatedMachine machine = healed();
    CHECK(has_notice(machine, "i-1: rollback payments from v2 to v1 helped; until "));
    CHECK(has_notice(machine, "it is taken back by: homeostat undo i-1"));

    SimulatedMachine silent = bad_deploy();
    live_until(silent, 200, 1s);
    CHECK_FALSE(has_notice(silent, "homeostat undo"));
}

TEST_CASE("the decisions of an undo come out the same when they are made again") {
    SimulatedMachine machine = healed();
    Life life(machine);
    REQUIRE(life.undo("i-1"));
    REQUIRE(life.process.settle());
    for (const char* incident : {"i-1", "i-2"}) {
        const Result<IncidentReplay> replayed = replay(machine.disk.groups, IncidentId(incident));
        REQUIRE(replayed);
        CHECK_FALSE(replayed->decisions.empty());
        for (const Redecision& decision : replayed->decisions) {
            CHECK_MESSAGE(decision.replay != Replay::differs, decision.replayed);
        }
    }
}

}  // namespace homeostat::heal
