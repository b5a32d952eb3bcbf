// What people and the world tell an executor, and what it keeps of that for its successors: the
// kill switch, changes.

#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

}  // namespace

// --- the kill switch -----------------------------------------------------------------------------

TEST_CASE("from the moment the switch is acknowledged no effect begins, until it is released") {
    SimulatedMachine machine = bad_deploy();
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    process.clock.run_until([&] { return machine.world.changes_count.size() == 3; }, 1min);
    REQUIRE(process.await(process.executor->flip_switch(true, {"root", "drill"})));
    process.clock.run_for(50ms);  // What had begun ends.
    const std::size_t before = machine.world.changes_count.size();
    process.clock.run_for(10s);
    CHECK(machine.world.changes_count.size() == before);
    CHECK(machine.has_line("suspended"));
    REQUIRE(process.await(process.executor->flip_switch(false, {"root", "over"})));
    REQUIRE(process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK(all_run(machine.world, "v1"));
}

TEST_CASE("a switch that was released while nobody ran is released for the successor") {
    SimulatedMachine machine = bad_deploy();
    {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        REQUIRE(process.await(process.executor->flip_switch(true, {"root", "night"})));
    }
    machine.world.is_suspended = false;  // As `resume` does when no agent answers.
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    successor.clock.run_for(3s);
    REQUIRE(successor.submit(rollback_of(machine)));
    REQUIRE(successor.settle());
    CHECK(machine.story().back() == "closed healed");
}

TEST_CASE("the switch works when the ledger is full") {
    SimulatedMachine machine;
    machine.disk.full_at = 0;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(1s);
    REQUIRE_FALSE(process.executor->ledger_trouble().empty());
    CHECK(process.await(process.executor->flip_switch(true, {"root", "stop"})));
    CHECK(machine.world.is_suspended);
}

// --- changes -------------------------------------------------------------------------------------

TEST_CASE("a change gets an id that no other has, and is ours if an effect of ours made it") {
    SimulatedMachine machine = bad_deploy();
    live_until(machine, 200, 0s);
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    Change change;
    change.service = ServiceId("payments");
    const Result<Change> first = successor.await(successor.executor->note(change));
    change.reference = "i-1.e1";  // As the runtime reports a swap that it made for us.
    const Result<Change> second = successor.await(successor.executor->note(change));
    change.reference = "i-1.e2";  // A drain moves no version.
    const Result<Change> third = successor.await(successor.executor->note(change));
    REQUIRE((first && second && third));
    CHECK(first->id != second->id);
    CHECK_FALSE(first->is_ours);
    CHECK(second->is_ours);
    CHECK_FALSE(third->is_ours);
}

TEST_CASE("a change that cannot be recorded is an error that says so") {
    SimulatedMachine machine;
    machine.disk.full_at = 1;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(100ms);
    const Result<Change> noted = process.await(process.executor->note({}));
    REQUIRE_FALSE(noted);
    CHECK(noted.error().fault == Fault::full);
}

}  // namespace homeostat::heal
