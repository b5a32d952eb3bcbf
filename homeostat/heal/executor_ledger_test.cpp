// What the executor does while its ledger takes no entries, and once it takes them again.

#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"
#include "homeostat/heal/replay.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

/// The ledger takes nothing for a moment, while there is something to be written.
void be_full_for_a_moment(SimulatedMachine& machine, SimulatedProcess& process) {
    machine.disk.full_at = machine.disk.groups.size();
    REQUIRE_FALSE(process.await(process.executor->note(Change{})));
    machine.disk.full_at.reset();
    REQUIRE(
        process.clock.run_until([&] { return process.executor->ledger_trouble().empty(); }, 5s));
}

std::ptrdiff_t questions_told_count(const SimulatedMachine& machine) {
    return std::ranges::count_if(machine.notices, [](const std::string& notice) {
        return notice.starts_with("i-1: may I ");
    });
}

}  // namespace

TEST_CASE("while the ledger is full nothing judged is performed, whichever append it was") {
    for (std::size_t append = 1; append < 60; ++append) {
        CAPTURE(append);
        SimulatedMachine machine = bad_deploy();
        machine.disk.full_at = append;
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        (void)process.submit(rollback_of(machine));
        process.clock.run_until([&] { return !process.executor->ledger_trouble().empty(); }, 1min);
        if (process.executor->ledger_trouble().empty()) {
            CHECK(append > 25);  // The incident was over before the ledger was asked so often.
            break;
        }
        const std::size_t before = process.runtime.performed.size() + process.edge.performed.size();
        const std::size_t groups_before = machine.disk.groups.size();
        process.clock.run_for(1min);
        CHECK(process.runtime.performed.size() + process.edge.performed.size() == before);
        CHECK(machine.disk.groups.size() == groups_before);
        CHECK(machine.notices.size() == 1);
        CHECK(is_one_effect_per_intent(machine));
        const Result<Standing> later = process.submit(rollback_of(machine));
        REQUIRE_FALSE(later);
        CHECK(later.error().fault == Fault::full);
    }
}

TEST_CASE("what a full ledger stopped goes on once there is room, without a second effect") {
    for (std::size_t append = 2; append < 60; ++append) {
        CAPTURE(append);
        SimulatedMachine machine = bad_deploy();
        machine.disk.full_at = append;
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        (void)process.submit(rollback_of(machine));
        process.clock.run_until([&] { return !process.executor->ledger_trouble().empty(); }, 1min);
        if (process.executor->ledger_trouble().empty()) {
            break;
        }
        process.clock.run_for(10s);
        machine.disk.full_at.reset();
        process.clock.run_for(2s);
        CHECK(process.executor->ledger_trouble().empty());
        if (!machine.has_line("opened: rollback payments from v2 to v1")) {
            REQUIRE(process.submit(rollback_of(machine)));  // It had not even begun.
        }
        REQUIRE(process.settle());
        CHECK(all_run(machine.world, "v1"));
        CHECK(machine.has_line("gap of 0 groups"));
        CHECK(is_one_effect_per_intent(machine));
    }
}

TEST_CASE("a process that ends while the ledger is full is started again, and told of later") {
    for (std::size_t append = 1; append < 12; ++append) {
        CAPTURE(append);
        SimulatedMachine machine;
        machine.prove("v2");
        machine.disk.full_at = append;
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        machine.world.end_process(InstanceId("payments-1"));
        Result<Standing> taken = process.submit(reflex_of(machine, "payments-1"));
        process.clock.run_for(1s);
        if (!machine.world.instances[1].runtime.is_alive) {
            // The very group that was not taken was lost; the agent goes on asking.
            taken = process.submit(reflex_of(machine, "payments-1"));
        }
        REQUIRE(taken);
        REQUIRE(process.settle());
        CHECK(machine.world.serving_count() == 3);
        CHECK(machine.disk.groups.size() <= append);

        machine.disk.full_at.reset();
        process.clock.run_for(5s);
        CHECK(process.executor->ledger_trouble().empty());
        CHECK(is_one_effect_per_intent(machine));
        CHECK(starts_count_of(machine, "payments-1") == 1);
        CHECK(machine.has_line("closed healed"));
        SimulatedProcess successor(machine);
        REQUIRE(successor.start());
        CHECK(successor.executor->incidents().empty());
    }
}

TEST_CASE("what is kept for a full ledger has an end, and so have the restarts") {
    SimulatedMachine machine;
    machine.prove("v2");
    machine.settings.guard.effects_max = 1000;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    machine.disk.full_at = machine.disk.groups.size();
    std::size_t restarts_count = 0;
    bool is_started = true;
    while (is_started && restarts_count < 100) {
        machine.world.end_process(InstanceId("payments-1"));
        (void)process.submit(reflex_of(machine, "payments-1"));
        process.clock.run_for(1s);
        (void)process.submit(reflex_of(machine, "payments-1"));  // The agent goes on asking.
        process.clock.run_for(5min);
        is_started = machine.world.instances[1].runtime.is_alive;
        restarts_count += is_started ? 1 : 0;
    }
    CHECK(restarts_count > 10);
    CHECK_FALSE(is_started);
    CHECK(std::ranges::count_if(machine.notices, [](const std::string& notice) {
              return notice.starts_with("no more can be kept");
          }) == 1);
    machine.disk.full_at.reset();
    process.clock.run_for(5s);
    CHECK(process.executor->ledger_trouble().empty());
    CHECK(is_one_effect_per_intent(machine));
}

TEST_CASE("while the ledger is full no live process is replaced, whatever is proposed") {
    SimulatedMachine machine;
    machine.prove("v2");
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    machine.disk.full_at = machine.disk.groups.size();
    (void)process.submit(reflex_of(machine, "payments-1"));  // It is alive, and the agent lies.
    process.clock.run_for(1min);
    (void)process.submit(proposal_for_test(
        about_instance_for_test(SymptomKind::instance_down, "payments-1", machine.world.now),
        restart_for_test("payments-0")));
    process.clock.run_for(1min);
    CHECK(process.runtime.performed.empty());
    CHECK(process.edge.performed.empty());
}

TEST_CASE("while no witness has seen the ledger nothing judged begins, a dead one is started") {
    SimulatedMachine machine = bad_deploy();
    std::string unwitnessed = "no witness has seen the end";
    machine.settings.unwitnessed = [&unwitnessed] { return unwitnessed; };
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    const Result<Standing> refused = process.submit(rollback_of(machine));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::full);
    CHECK(refused.error().text == "no witness, no action: no witness has seen the end");
    machine.world.end_process(InstanceId("payments-1"));
    REQUIRE(process.submit(reflex_of(machine, "payments-1")));
    REQUIRE(process.settle());
    CHECK(machine.world.instances[1].runtime.is_alive);
    unwitnessed.clear();
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.settle());
    CHECK(all_run(machine.world, "v1"));
}

TEST_CASE("no incident gets an id that one before it had, though the ledger lost that one") {
    SimulatedMachine machine;
    machine.prove("v2");
    {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        machine.disk.full_at = machine.disk.groups.size();
        machine.world.end_process(InstanceId("payments-1"));
        (void)process.submit(reflex_of(machine, "payments-1"));
        process.clock.run_for(1s);
        (void)process.submit(reflex_of(machine, "payments-1"));
        REQUIRE(process.settle());
        process.executor->stop();
        CHECK(machine.notices.back().starts_with("what was done while the ledger took no entries"));
    }
    machine.disk.full_at.reset();
    const std::string lost = machine.world.instances[1].runtime.effect.text();
    REQUIRE_FALSE(lost.empty());
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    successor.clock.run_for(3s);
    machine.world.end_process(InstanceId("payments-1"));
    REQUIRE(successor.submit(reflex_of(machine, "payments-1")));
    REQUIRE(successor.settle());
    CHECK(machine.world.instances[1].runtime.effect.text() != lost);
}

TEST_CASE("no effect gets an id a second time, though power is lost while the ledger is full") {
    const InstanceId ended("payments-1");
    for (std::size_t room = 0; room < 8; ++room) {
        CAPTURE(room);
        SimulatedMachine machine;
        machine.prove("v2");
        std::string first;
        {
            SimulatedProcess process(machine);
            REQUIRE(process.start());
            process.clock.run_for(3s);
            machine.disk.full_at = machine.disk.groups.size() + room;
            machine.world.end_process(ended);
            for (int tries = 0; tries < 5; ++tries) {
                (void)process.submit(reflex_of(machine, ended.text()));
                process.clock.run_for(1s);
            }
            first = machine.world.instance(ended).runtime.effect.text();
            REQUIRE_FALSE(first.empty());
        }
        machine.disk.lose_power();
        machine.disk.full_at.reset();
        SimulatedProcess successor(machine);
        REQUIRE(successor.start());
        successor.clock.run_for(15s);
        machine.world.end_process(ended);
        (void)successor.submit(reflex_of(machine, ended.text()));
        successor.clock.run_for(15s);
        CHECK(machine.world.instance(ended).runtime.is_alive);
        CHECK(machine.world.instance(ended).runtime.effect.text() != first);
    }
}

TEST_CASE("a run that begins while the ledger is full can be replayed once there is room") {
    SimulatedMachine machine;
    machine.prove("v2");
    machine.settings.started.settings =
        to_json(DecisionSettings{.guard = machine.settings.guard, .decide = {}});
    const std::size_t groups_before = machine.disk.groups.size();
    machine.disk.full_at = groups_before;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    machine.world.end_process(InstanceId("payments-1"));
    const Result<Standing> taken = process.submit(reflex_of(machine, "payments-1"));
    REQUIRE(taken);
    REQUIRE(process.settle());
    machine.disk.full_at.reset();
    process.clock.run_for(5s);
    REQUIRE(machine.disk.groups.size() > groups_before);
    CHECK(machine.disk.groups[groups_before].entries.front().kind == EntryKind::started);
    const Result<IncidentReplay> replayed = replay(machine.disk.groups, taken->incident);
    REQUIRE(replayed);
    CHECK(replayed->decisions.size() == 3);  // The choice, a verdict and one permit.
    for (const Redecision& decision : replayed->decisions) {
        CHECK_MESSAGE(decision.replay == Replay::same,
                      decision.decision << ": " << decision.recorded << " / " << decision.replayed);
    }
}

TEST_CASE("a successor finishes what stopped because the ledger was full") {
    for (std::size_t append = 2; append < 60; append += 5) {
        CAPTURE(append);
        SimulatedMachine machine = bad_deploy();
        machine.disk.full_at = append;
        {
            SimulatedProcess process(machine);
            REQUIRE(process.start());
            process.clock.run_for(3s);
            REQUIRE(process.submit(rollback_of(machine)));
            process.clock.run_until([&] { return !process.executor->ledger_trouble().empty(); },
                                    1min);
        }
        machine.disk.full_at.reset();
        SimulatedProcess successor(machine);
        REQUIRE(successor.start());
        successor.clock.run_for(3s);
        if (successor.executor->incidents().empty() && !all_run(machine.world, "v1")) {
            REQUIRE(successor.submit(rollback_of(machine)));  // Nothing was written of the first.
        }
        REQUIRE(successor.settle());
        CHECK(all_run(machine.world, "v1"));
        CHECK(is_one_effect_per_intent(machine));
    }
}

TEST_CASE("a ledger that comes and goes parks nothing, however often it does") {
    constexpr int flaps_count = 1'002;  // One more than processes may end in a superstep.
    SimulatedMachine machine;
    machine.settings.hold_for_max = 24h;
    machine.world.route_lasts_for = 24h;
    machine.world.copies_right_from_at = machine.world.now + 48h;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(
        process.submit(proposal_for_test(stale_for_test(machine.world.now), reroute_for_test())));
    REQUIRE(process.settle_at("hold"));
    for (int flap = 0; flap < flaps_count; ++flap) {
        be_full_for_a_moment(machine, process);
    }
    process.clock.run_for(5s);
    REQUIRE(process.executor->incidents().size() == 1);
    CHECK(process.executor->incidents().front().node == "hold");
}

TEST_CASE("a question is told once by each process, however often the ledger comes and goes") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    for (const std::ptrdiff_t lives : {1, 2}) {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        (void)process.submit(rollback_of(machine));
        REQUIRE(process.settle_at("ask"));
        be_full_for_a_moment(machine, process);
        be_full_for_a_moment(machine, process);
        process.clock.run_for(1s);
        CHECK(process.executor->incidents().front().node == "ask");
        CHECK(questions_told_count(machine) == lives);
    }
}

TEST_CASE("whatever the clock on the wall says, the ledger is dated by the boot's") {
    SimulatedMachine machine = bad_deploy();
    SimulatedProcess process(machine);
    process.clock.wall_ahead = std::chrono::years{1};
    REQUIRE(process.start());
    const Instant began_at = machine.world.now;
    REQUIRE(process.submit(rollback_of(machine)));
    process.clock.run_for(std::chrono::seconds{5});
    REQUIRE(machine.disk.groups.size() > 5);
    for (const EntryGroup& group : machine.disk.groups) {
        CHECK(group.at <= machine.world.now);
    }
    CHECK(machine.disk.groups.back().at > began_at);
}

TEST_CASE("what the world may learn of, or a person rely on, is durable first") {
    SimulatedMachine machine = bad_deploy();
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.settle());
    std::size_t intents_count = 0;
    for (const EntryGroup& group : machine.disk.groups) {
        for (const Entry& entry : group.entries) {
            const bool is_intent = entry.kind == EntryKind::intent;
            const bool is_relied_on = is_intent || entry.kind == EntryKind::outcome ||
                                      entry.kind == EntryKind::escalated ||
                                      entry.kind == EntryKind::closed;
            CHECK_MESSAGE((!is_relied_on || machine.disk.synced.contains(group.index)),
                          line_for_test(entry));
            intents_count += is_intent ? 1 : 0;
        }
    }
    CHECK(intents_count > 3);
}

}  // namespace homeostat::heal
