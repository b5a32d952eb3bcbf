// Machines that were started again: what was done before ages, and no wait is one of the old boot.

#include "homeostat/heal/earlier_boots.hpp"

#include "homeostat/heal/executor_scenes_for_test.hpp"
#include "homeostat/heal/replay.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

const std::string present = "boot-9";

EntryGroup effect_at(const std::string& boot, Duration uptime) {
    EntryGroup group;
    group.at = Instant{uptime};
    group.boot_id = boot;
    IntentBody intent;
    intent.effect = EffectId("i-1.e1");
    intent.remedy = restart_for_test("payments-0");
    intent.step = Drain{InstanceId("payments-0")};
    group.entries.push_back(record::intent(IncidentId("i-1"), intent));
    return group;
}

/// When the effects of these groups were, by the clock of the present boot.
std::vector<Instant> effects_of(const std::vector<EntryGroup>& groups, Instant now) {
    guard::History history;
    EarlierBoots boots(present, now);
    for (const EntryGroup& group : groups) {
        const Instant at = boots.instant_of(group, history);
        history.learn(group.entries.front(), at);
    }
    boots.reach_present(history);
    return history.effects_since(Instant::min());
}

void reboot(SimulatedMachine& machine, const std::string& boot, Duration uptime) {
    machine.settings.boot_id = boot;
    machine.disk.boot_id = boot;
    machine.world.now = Instant{uptime};
    for (SimulatedInstance& one : machine.world.instances) {
        one.answers_from_at = Instant{};
        one.runtime.started_at = Instant{};
    }
}

/// Settings as the ledger keeps them, for replays.
void keep_settings(SimulatedMachine& machine) {
    machine.settings.started.settings =
        to_json(DecisionSettings{.guard = machine.settings.guard, .decide = {}});
}

/// On a machine that ran for an hour: a deploy was rolled back to v1, which is as bad.
SimulatedMachine rolled_back() {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.cool_down = 10min;
    keep_settings(machine);
    reboot(machine, "boot-1", 1h);
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.settle());
    REQUIRE(machine.story().back() == "closed healed");
    machine.world.versions_bad = {VersionId("v1")};
    machine.prove("v2");
    return machine;
}

Proposal rollback_to_v2(const SimulatedMachine& machine) {
    const Remedy back = Rollback{ServiceId("payments"), VersionId("v1"), VersionId("v2")};
    return proposal_for_test(errors_for_test(machine.world.now), back);
}

/// On a machine that ran for an hour: payments-1 is slow, and to be out of rotation for that.
SimulatedMachine one_is_slow() {
    SimulatedMachine machine;
    machine.settings.inventory.may_eject = true;
    machine.settings.undo_for_max = 30min;
    keep_settings(machine);
    reboot(machine, "boot-1", 1h);
    machine.world.instance(InstanceId("payments-1")).is_slow = true;
    return machine;
}

void begin_to_hold(SimulatedProcess& process, const SimulatedMachine& machine) {
    REQUIRE(process.start());
    process.clock.run_for(3s);
    Symptom slow = about_instance_for_test(SymptomKind::latency, "payments-1", machine.world.now);
    slow.value = 480;
    slow.limit = 250;
    REQUIRE(process.submit(proposal_for_test(slow, eject_for_test("payments-1"))));
    REQUIRE(process.settle_at("hold"));
}

/// Whether the deploy is rolled back once more, in the life of one process.
bool rolls_back_again(SimulatedMachine& machine) {
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_to_v2(machine)));
    (void)process.settle(30s);
    return all_run(machine.world, "v2");
}

}  // namespace

TEST_CASE("the last effect of an earlier boot was when the next one began, the others before it") {
    const std::vector<EntryGroup> groups{
        effect_at("boot-1", 48h), effect_at("boot-1", 50h), effect_at("boot-2", 1h),
        effect_at("boot-2", 3h),  effect_at(present, 2h),
    };
    CHECK(effects_of(groups, Instant{5h}) ==
          std::vector{Instant{-5h}, Instant{-3h}, Instant{-2h}, Instant{0h}, Instant{2h}});
}

TEST_CASE("a boot that has written nothing yet leaves those before it as they are") {
    CHECK(effects_of({effect_at("boot-1", 48h), effect_at("boot-1", 50h)}, Instant{5h}) ==
          std::vector{Instant{-2h}, Instant{0h}});
    CHECK(effects_of({}, Instant{5h}).empty());
}

TEST_CASE("nothing of this boot was later than now") {
    CHECK(effects_of({effect_at(present, 7h)}, Instant{5h}) == std::vector{Instant{5h}});
}

TEST_CASE("what was done before a reboot ages while the machine runs") {
    for (const auto& [uptime, is_free] : {std::pair{Duration{2min}, false}, {48h, true}}) {
        CAPTURE(to_seconds(uptime));
        SimulatedMachine machine = rolled_back();
        reboot(machine, "boot-2", uptime);
        CHECK(rolls_back_again(machine) == is_free);
    }
}

TEST_CASE("a start of the agent long after a reboot does not begin the cool-downs anew") {
    SimulatedMachine machine = rolled_back();
    reboot(machine, "boot-2", 2min);
    {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(9min);
    }
    CHECK(rolls_back_again(machine));
}

TEST_CASE("what was decided after a reboot comes out the same when it is decided again") {
    for (const Duration uptime : {Duration{2min}, Duration{48h}}) {
        CAPTURE(to_seconds(uptime));
        SimulatedMachine machine = rolled_back();
        reboot(machine, "boot-2", uptime);
        (void)rolls_back_again(machine);
        for (const std::string incident : {"i-1", "i-2"}) {
            CAPTURE(incident);
            const Result<IncidentReplay> again = replay(machine.disk.groups, IncidentId(incident));
            REQUIRE(again);
            REQUIRE(again->decisions.size() >= 2);
            for (const Redecision& decision : again->decisions) {
                CHECK_MESSAGE(decision.replay == Replay::same, decision.decision
                                                                   << ": " << decision.recorded
                                                                   << " / " << decision.replayed);
            }
        }
    }
}

TEST_CASE("a question has its time anew, though the ledger is full when the next boot begins") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    reboot(machine, "boot-1", 1h);
    {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        REQUIRE(process.submit(rollback_of(machine)));
        REQUIRE(process.settle_at("ask"));
    }
    reboot(machine, "boot-2", 48h);
    machine.disk.full_at = 0;
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    successor.clock.run_for(3s);
    machine.disk.full_at.reset();
    successor.clock.run_for(20s);
    CHECK(successor.settle_at("ask", 0s));
    CHECK(successor.settle_at("stand_by", question_for_max_for_test));
}

TEST_CASE("a process that the next boot has started is not replaced by a restart from before it") {
    for (const bool runs : {true, false}) {
        CAPTURE(runs);
        SimulatedMachine machine = bad_deploy();
        machine.world.versions_bad.clear();
        reboot(machine, "boot-1", 1h);
        const InstanceId down("payments-0");
        machine.world.instance(down).runtime.is_alive = false;
        {
            SimulatedProcess process(machine);
            REQUIRE(process.start());
            process.clock.run_for(3s);
            REQUIRE(process.submit(reflex_of(machine, down.text())));
            REQUIRE(process.settle_at("act", 1s));
        }
        reboot(machine, "boot-2", 40s);
        SimulatedInstance& instance = machine.world.instance(down);
        instance.runtime.is_alive = runs;
        instance.runtime.effect = {};
        instance.runtime.started_at = Instant{1s};
        const ProcessIdentity started = instance.runtime.identity;
        SimulatedProcess successor(machine);
        REQUIRE(successor.start());
        REQUIRE(successor.settle());
        CHECK((machine.world.instance(down).runtime.identity == started) == runs);
    }
}

TEST_CASE("after a reboot the edge has its time anew to confirm that much is dead") {
    SimulatedMachine machine = bad_deploy();
    machine.world.versions_bad.clear();
    for (const std::string name : {"payments-0", "payments-1"}) {
        machine.world.instance(InstanceId(name)).is_stalled = true;
    }
    reboot(machine, "boot-1", 1h);
    {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        REQUIRE(process.submit(rollback_of(machine)));
        process.clock.run_for(1s);
        REQUIRE(process.settle_at("guard", 0s));
    }
    reboot(machine, "boot-2", 48h);
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    successor.clock.run_for(2s);
    CHECK(successor.settle_at("guard", 0s));
    successor.clock.run_for(3s);
    CHECK(successor.settle_at("stand_by", 0s));
}

TEST_CASE("what was held over a reboot is given back by a decision that comes out the same") {
    SimulatedMachine machine = one_is_slow();
    {
        SimulatedProcess process(machine);
        begin_to_hold(process, machine);
    }
    reboot(machine, "boot-2", 48h);
    machine.world.instance(InstanceId("payments-1")).is_slow = false;
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    REQUIRE(successor.settle());
    const Result<IncidentReplay> again = replay(machine.disk.groups, IncidentId("i-1"));
    REQUIRE(again);
    CHECK(std::ranges::any_of(again->decisions, [](const Redecision& one) {
        return one.decision.starts_with("give-back of eject");
    }));
    for (const Redecision& decision : again->decisions) {
        CHECK_MESSAGE(decision.replay == Replay::same,
                      decision.decision << ": " << decision.recorded << " / " << decision.replayed);
    }
}

TEST_CASE("what a person has ordered back is not held anew after a reboot") {
    SimulatedMachine machine = one_is_slow();
    {
        SimulatedProcess process(machine);
        begin_to_hold(process, machine);
        process.clock.run_for(40s);  // As long as it would be held anew.
        REQUIRE(process.settle_at("hold", 0s));
        machine.world.is_suspended = true;
        REQUIRE(process.await(process.executor->undo(IncidentId("i-1"), {"anna", "it is fine"})));
        REQUIRE(process.settle_at("act"));
        REQUIRE(process.settle_at("hold"));  // Refused for the moment.
    }
    machine.world.is_suspended = false;
    reboot(machine, "boot-2", 48h);
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    successor.clock.run_for(10s);
    const std::vector<std::string> story = machine.story();
    CHECK(std::ranges::count(story, "given back: its time is up") == 2);
}

}  // namespace homeostat::heal
