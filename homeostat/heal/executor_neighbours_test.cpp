// What neighbours say before capacity is taken away, and what it can and cannot do.

#include "homeostat/base/fields.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"
#include "homeostat/heal/replay.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

using Words = std::vector<NeighbourWord>;

const NeighbourWord mine{ServiceId("orders"), NeighbourSays::mine, 4s};

class ScriptedNeighbours final : public ports::Neighbours {
  public:
    explicit ScriptedNeighbours(SimulatedClock& clock) : clock_(clock) {}

    std::function<Words()> says = [] { return Words{}; };
    std::vector<Instant> asked_at;
    std::vector<CapacityWork> told;  ///< Each change of what is done.

    Task<Words> ask(IncidentId /*incident*/) override {
        asked_at.push_back(clock_.now());
        co_await clock_.sleep_until(clock_.now() + 5ms);
        co_return says();
    }
    void note(CapacityWork work) override {
        if (told.empty() || told.back() != work) {
            told.push_back(work);
        }
    }

  private:
    SimulatedClock& clock_;
};

/// A process in the midst of neighbours, three seconds old.
struct Consulting {
    explicit Consulting(SimulatedMachine& of) : machine(of), process(of) {
        process.executor->consult(neighbours);
        ensure(process.start().has_value(), "a process in a test starts");
        process.clock.run_for(3s);
    }

    /// From the proposal to the first effect.
    Duration wait_for_first_effect(Proposal proposal) {
        const Instant since = process.clock.now();
        ensure(process.submit(std::move(proposal)).has_value(), "the proposal is taken");
        const auto has_begun = [&] {
            return std::ranges::any_of(machine.story(), [](const std::string& line) {
                return line.starts_with("intent ");
            });
        };
        ensure(process.clock.run_until(has_begun, 2min), "it begins some day");
        return process.clock.now() - since;
    }

    SimulatedMachine& machine;
    SimulatedProcess process;
    ScriptedNeighbours neighbours{process.clock};
};

std::ptrdiff_t count_lines(const SimulatedMachine& machine, std::string_view part) {
    return std::ranges::count_if(machine.story(),
                                 [&](const std::string& line) { return line.contains(part); });
}

}  // namespace

TEST_CASE("who lets it go delays nothing but the question itself") {
    SimulatedMachine machine = bad_deploy();
    Consulting consulting(machine);
    CHECK(consulting.wait_for_first_effect(rollback_of(machine)) < 200ms);
    REQUIRE(consulting.process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK(consulting.neighbours.asked_at.size() == 1);  // Not for each step.
}

TEST_CASE("neighbours hear that capacity is taken away, then that it is looked after") {
    SimulatedMachine machine = bad_deploy();
    Consulting consulting(machine);
    (void)consulting.wait_for_first_effect(rollback_of(machine));
    REQUIRE(consulting.process.settle());
    CHECK(consulting.neighbours.told == std::vector{CapacityWork::none, CapacityWork::taking,
                                                    CapacityWork::proving, CapacityWork::none});
}

TEST_CASE("a neighbour that is at it is waited for, as long as it says") {
    SimulatedMachine machine = bad_deploy();
    Consulting consulting(machine);
    const Instant done_at = machine.world.now + 3s;
    consulting.neighbours.says = [&] {
        return machine.world.now < done_at ? Words{mine} : Words{};
    };
    const Duration waited = consulting.wait_for_first_effect(rollback_of(machine));
    CHECK(waited >= 4s);
    CHECK(waited < 4500ms);
    CHECK(count_lines(machine, "refusal: no neighbour goes first") == 1);
    CHECK(machine.notices.empty());  // A wait of seconds is no news for a person.
    REQUIRE(consulting.process.settle());
    CHECK(machine.story().back() == "closed healed");
}

TEST_CASE("a trouble that a neighbour ends meanwhile is closed, and nothing was done for it") {
    SimulatedMachine machine = bad_deploy();
    Consulting consulting(machine);
    consulting.neighbours.says = [] { return Words{mine}; };
    REQUIRE(consulting.process.submit(rollback_of(machine)));
    consulting.process.clock.run_for(2s);
    consulting.process.await(
        consulting.process.executor->clear(errors_for_test(machine.world.now)));
    REQUIRE(consulting.process.settle());
    CHECK(machine.story().back() == "closed passed");
    CHECK(count_lines(machine, "intent ") == 0);
}

TEST_CASE("a neighbour that always objects costs an incident half a minute, and no more") {
    for (const Duration lasts : {Duration{0s}, Duration{2s}, Duration{10s}, Duration{1h}}) {
        CAPTURE(to_seconds(lasts));
        SimulatedMachine machine = bad_deploy();
        Consulting consulting(machine);
        consulting.neighbours.says = [lasts] {
            return Words{{ServiceId("orders"), NeighbourSays::wait, lasts}};
        };
        const Duration waited = consulting.wait_for_first_effect(rollback_of(machine));
        CHECK(waited >= 29s);
        CHECK(waited <= 31s);
        REQUIRE(consulting.process.settle());
        CHECK(machine.story().back() == "closed healed");
    }
}

TEST_CASE("what it has waited for neighbours a remedy does not wait for them again") {
    SimulatedMachine machine = bad_deploy();
    machine.world.is_dependency_failing = true;  // The first remedy does not help.
    Consulting consulting(machine);
    consulting.neighbours.says = [] { return Words{mine}; };
    (void)consulting.wait_for_first_effect(rollback_of(machine));
    REQUIRE(consulting.process.settle_at("rejudge"));
    const std::size_t asked_count = consulting.neighbours.asked_at.size();
    const Symptom symptom = errors_for_test(machine.world.now);
    REQUIRE(consulting.process.submit(proposal_for_test(symptom, rolling_restart_for_test())));
    REQUIRE(consulting.process.settle_at("act", 5s));
    CHECK(consulting.neighbours.asked_at.size() == asked_count);
}

TEST_CASE("a process that has ended is started at once, and no neighbour is asked") {
    SimulatedMachine machine = bad_deploy();
    machine.world.versions_bad.clear();
    Consulting consulting(machine);
    consulting.neighbours.says = [] { return Words{mine}; };
    machine.world.end_process(InstanceId("payments-1"));
    CHECK(consulting.wait_for_first_effect(reflex_of(machine, "payments-1")) < 1s);
    CHECK(consulting.neighbours.asked_at.empty());
    REQUIRE(consulting.process.settle());
    CHECK(std::ranges::find(consulting.neighbours.told, CapacityWork::taking) ==
          consulting.neighbours.told.end());
}

TEST_CASE("an instance that is ejected and held is in nobody's way") {
    SimulatedMachine machine;
    machine.settings.inventory.may_eject = true;
    machine.world.instance(InstanceId("payments-1")).is_slow = true;
    Consulting consulting(machine);
    Symptom slow = about_instance_for_test(SymptomKind::latency, "payments-1", machine.world.now);
    slow.value = 480;
    slow.limit = 250;
    (void)consulting.wait_for_first_effect(proposal_for_test(slow, eject_for_test("payments-1")));
    REQUIRE(consulting.process.settle_at("hold"));
    consulting.process.clock.run_for(1s);
    CHECK(consulting.neighbours.told == std::vector{CapacityWork::none, CapacityWork::taking,
                                                    CapacityWork::proving, CapacityWork::none});
}

TEST_CASE("the cure of an ejected instance waits for its sessions, and keeps its turn meanwhile") {
    SimulatedMachine machine;
    machine.settings.inventory.may_eject = true;
    machine.settings.drain_for_max = 10s;
    SimulatedInstance& slow_one = machine.world.instance(InstanceId("payments-1"));
    slow_one.is_slow = true;
    slow_one.sessions_end_at = machine.world.now + 1h;
    Consulting consulting(machine);
    Symptom slow = about_instance_for_test(SymptomKind::latency, "payments-1", machine.world.now);
    slow.value = 480;
    slow.limit = 250;
    (void)consulting.wait_for_first_effect(proposal_for_test(slow, eject_for_test("payments-1")));
    REQUIRE(consulting.process.settle_at("hold"));
    const std::size_t asked_count = consulting.neighbours.asked_at.size();
    slow.noticed_at = machine.world.now;
    REQUIRE(consulting.process.submit(proposal_for_test(slow, restart_for_test("payments-1"))));
    const auto has_begun = [&] { return starts_count_of(machine, "payments-1") > 0; };
    CHECK(consulting.process.clock.run_until(has_begun, 45s));
    CHECK(consulting.neighbours.asked_at.size() == asked_count + 1);
}

TEST_CASE("a disk that is slower than a turn lasts costs an incident half a minute, and no more") {
    SimulatedMachine machine = bad_deploy();
    Consulting consulting(machine);
    machine.disk.append_takes = 4s;
    (void)consulting.wait_for_first_effect(rollback_of(machine));
    machine.disk.append_takes = 2ms;
    CHECK(consulting.neighbours.asked_at.size() > 1);
    const Duration asked_for =
        consulting.neighbours.asked_at.back() - consulting.neighbours.asked_at.front();
    CHECK(asked_for < 45s);
    REQUIRE(consulting.process.settle());
    CHECK(machine.story().back() == "closed healed");
}

TEST_CASE("who stands still between its leave and its first effect asks again") {
    SimulatedMachine machine = bad_deploy();
    Consulting consulting(machine);
    REQUIRE(consulting.process.submit(rollback_of(machine)));
    REQUIRE(consulting.process.settle_at("act"));
    REQUIRE(count_lines(machine, "intent ") == 0);
    const Instant done_at = machine.world.now + 8s;
    consulting.neighbours.says = [&] {
        return machine.world.now < done_at ? Words{mine} : Words{};
    };
    machine.world.pass(5s);
    consulting.process.clock.run_for(2s);
    CHECK(consulting.neighbours.asked_at.size() == 2);
    CHECK(count_lines(machine, "intent ") == 0);
    REQUIRE(consulting.process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK(is_one_effect_per_intent(machine));
}

TEST_CASE("a successor of who was let go and did not begin asks again") {
    SimulatedMachine machine = bad_deploy();
    {
        Consulting consulting(machine);
        REQUIRE(consulting.process.submit(rollback_of(machine)));
        REQUIRE(consulting.process.settle_at("act"));
        const std::size_t before_count = machine.disk.groups.size();
        REQUIRE(consulting.process.clock.run_until(
            [&] { return machine.disk.groups.size() > before_count; }, 1s));
    }
    REQUIRE(count_lines(machine, "intent ") == 0);
    SimulatedProcess process(machine);
    ScriptedNeighbours neighbours(process.clock);
    const Instant done_at = machine.world.now + 3s;
    neighbours.says = [&] { return machine.world.now < done_at ? Words{mine} : Words{}; };
    process.executor->consult(neighbours);
    REQUIRE(process.start());
    process.clock.run_for(2s);
    CHECK(count_lines(machine, "intent ") == 0);
    REQUIRE(process.settle());
    CHECK(machine.story().back() == "closed healed");
}

TEST_CASE("an effect that was permitted long before it could begin is not done by that permit") {
    SimulatedMachine machine = bad_deploy();
    Consulting consulting(machine);
    REQUIRE(consulting.process.submit(rollback_of(machine)));
    REQUIRE(consulting.process.settle_at("act"));
    machine.disk.append_takes = 11s;
    REQUIRE(consulting.process.clock.run_until([&] { return count_lines(machine, "intent ") == 1; },
                                               1min));
    machine.disk.append_takes = 2ms;
    REQUIRE(consulting.process.settle());
    CHECK(machine.has_line("outcome i-1.e1 refused"));
    CHECK(machine.story().back() == "closed healed");
    CHECK(is_one_effect_per_intent(machine));
}

TEST_CASE("a process that has ended is started though the disk is slow: nothing is taken away") {
    SimulatedMachine machine = bad_deploy();
    machine.world.versions_bad.clear();
    Consulting consulting(machine);
    machine.world.end_process(InstanceId("payments-1"));
    REQUIRE(consulting.process.submit(reflex_of(machine, "payments-1")));
    REQUIRE(consulting.process.settle_at("act"));
    machine.disk.append_takes = 11s;
    REQUIRE(consulting.process.clock.run_until([&] { return count_lines(machine, "intent ") == 1; },
                                               1min));
    machine.disk.append_takes = 2ms;
    REQUIRE(consulting.process.settle());
    CHECK(machine.has_line("outcome i-1.e1 done"));
    CHECK(starts_count_of(machine, "payments-1") == 1);
    CHECK(is_one_effect_per_intent(machine));
}

TEST_CASE("a wait for a neighbour is decided again from the ledger alone") {
    SimulatedMachine machine = bad_deploy();
    DecisionSettings settings;
    settings.guard = machine.settings.guard;
    machine.settings.started.settings = to_json(settings);
    Consulting consulting(machine);
    const Instant done_at = machine.world.now + 3s;
    consulting.neighbours.says = [&] {
        return machine.world.now < done_at ? Words{mine} : Words{};
    };
    (void)consulting.wait_for_first_effect(rollback_of(machine));
    REQUIRE(consulting.process.settle());
    const Result<IncidentReplay> again = replay(machine.disk.groups, IncidentId("i-1"));
    REQUIRE(again);
    const auto is_wait = [](const Redecision& one) {
        return one.recorded.contains("no neighbour goes first");
    };
    CHECK(std::ranges::count_if(again->decisions, is_wait) == 1);
    for (const Redecision& one : again->decisions) {
        CAPTURE(one.decision);
        CHECK_MESSAGE(one.replay == Replay::same, one.recorded, " / ", one.replayed);
    }
}

}  // namespace homeostat::heal
