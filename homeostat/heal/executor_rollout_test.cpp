// A rollout that stands, as the agent and a person meet it at the executor's door.

#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

/// v2 answers errors, and has come to one instance of three when the rollout is let stand.
struct StandingRollout {
    explicit StandingRollout(Autonomy of_rollback) {
        machine.settings.undo_for_max = 30min;
        machine.settings.guard.autonomy[RemedyKind::rollback] = of_rollback;
        SimulatedWorld& world = machine.world;
        world.is_asked = true;
        world.rollout = RolloutFacts{.is_under_way = true};
        world.instances[0].runtime.version = VersionId("v1");
        world.instances[1].runtime.version = VersionId("v1");
    }
    void begin(SimulatedProcess& process) {
        ensure(process.start().has_value(), "a process in a test starts");
        process.clock.run_for(3s);
        ensure(
            process.submit(with_other_for_test(rollback_of(machine), pause_for_test())).has_value(),
            "a rollback is taken");
        ensure(process.settle_at("hold"), "a rollout in a test is let stand");
    }
    /// The agent says what it would do about the symptom that it sees.
    void propose(SimulatedProcess& process) {
        ensure(process.submit(rollback_of(machine)).has_value(), "a cure is taken");
        process.clock.run_for(1s);
    }
    bool wants_proposal(SimulatedProcess& process) {
        const auto standing = process.executor->standing(errors_for_test(machine.world.now));
        return standing && standing->wants_proposal;
    }
    SimulatedMachine machine{bad_deploy()};
};

}  // namespace

TEST_CASE("of a rollout that stands the symptom is judged anew each time it comes back") {
    StandingRollout scene(Autonomy::recommend);
    SimulatedProcess process(scene.machine);
    scene.begin(process);
    REQUIRE(scene.wants_proposal(process));
    scene.propose(process);
    REQUIRE(process.settle_at("hold"));
    CHECK_FALSE(scene.wants_proposal(process));
    for (int time = 0; time < 2; ++time) {
        CAPTURE(time);
        process.await(process.executor->clear(errors_for_test(scene.machine.world.now)));
        process.clock.run_for(1s);
        REQUIRE(scene.wants_proposal(process));
        scene.propose(process);
        REQUIRE(process.settle_at("hold"));
        CHECK_FALSE(scene.wants_proposal(process));
    }
    CHECK(scene.machine.world.rollout->is_paused_by_us());
}

TEST_CASE("what no clock ends may be taken back for as long as it stands") {
    StandingRollout scene(Autonomy::recommend);
    SimulatedProcess process(scene.machine);
    scene.begin(process);
    for (const Duration later : {Duration(1s), Duration(1h)}) {
        process.clock.run_for(later);
        REQUIRE(process.settle_at("hold"));
        const std::vector<UndoableView> views = process.executor->undoable();
        REQUIRE(views.size() == 1);
        CHECK(views.front().is_held);
        CHECK(views.front().until > scene.machine.world.now);
    }
    REQUIRE(process.await(process.executor->undo(IncidentId("i-1"), {"anna", "it is well"})));
    process.clock.run_for(20s);
    CHECK_FALSE(scene.machine.world.rollout->is_paused_by_us());
}

TEST_CASE("who would undo a pause while its rollback is asked for is told to answer that first") {
    StandingRollout scene(Autonomy::ask);
    SimulatedProcess process(scene.machine);
    scene.begin(process);
    scene.propose(process);
    REQUIRE(process.settle_at("ask"));
    const Result<IncidentId> undoing =
        process.await(process.executor->undo(IncidentId("i-1"), {"anna", "it was me"}));
    REQUIRE_FALSE(undoing);
    CHECK_MESSAGE(undoing.error().text.contains("deny the question first"), undoing.error().text);
    CHECK_FALSE(undoing.error().text.contains("holds nothing"));
    CHECK(scene.machine.world.rollout->is_paused_by_us());
}

TEST_CASE("who undoes a pause whose time was up long before is heard, and the rollout goes on") {
    StandingRollout scene(Autonomy::recommend);
    SimulatedProcess process(scene.machine);
    scene.begin(process);
    process.clock.run_for(scene.machine.settings.hold_for_max + 1min);
    REQUIRE(scene.machine.world.rollout->is_paused_by_us());
    const Result<IncidentId> taken =
        process.await(process.executor->undo(IncidentId("i-1"), {"anna", "v2 is wanted"}));
    REQUIRE_MESSAGE(taken, taken.error().text);
    process.clock.run_for(20s);
    CHECK(scene.machine.has_line("given back: its time is up"));
    CHECK_FALSE(scene.machine.world.rollout->is_paused);
}

TEST_CASE("nobody is told that a pause has helped") {
    StandingRollout scene(Autonomy::recommend);
    SimulatedProcess process(scene.machine);
    scene.begin(process);
    const auto told = [&](const std::string& words) {
        return std::ranges::any_of(scene.machine.notices, [&](const std::string& one) {
            return one.contains("pause_rollout") && one.contains(words);
        });
    };
    CHECK(told("is in force, and heals nothing itself"));
    CHECK_FALSE(told("helped"));
}

}  // namespace homeostat::heal
