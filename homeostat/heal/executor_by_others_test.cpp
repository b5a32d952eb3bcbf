// What was refused to us, and somebody else did instead: it is not ours to undo, nor to be taken
// back.

#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

bool has_line_of(const SimulatedMachine& machine, const std::string& begin) {
    return std::ranges::any_of(machine.story(),
                               [&](const std::string& line) { return line.starts_with(begin); });
}

void begin(SimulatedProcess& process) {
    ensure(process.start().has_value(), "a process in a test starts");
    process.clock.run_for(3s);
}

/// The swap is refused, and somebody else swaps to just that version before we try again.
void swap_by_hand(SimulatedMachine& machine, SimulatedProcess& process) {
    machine.world.refusals_left["swap_version"] = 1;
    ensure(process.submit(rollback_of(machine)).has_value(), "the rollback is taken");
    const auto is_refused = [&] { return has_line_of(machine, "outcome i-1.e1 refused"); };
    ensure(process.clock.run_until(is_refused, 1min), "the first swap is refused");
    machine.world.version_current = VersionId("v1");
}

}  // namespace

TEST_CASE("what somebody else did instead of us is not undone when it does not help") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.undo_for_max = 30min;
    machine.settings.guard.demotes = true;
    machine.world.versions_bad = {VersionId("v1"), VersionId("v2")};
    SimulatedProcess process(machine);
    begin(process);
    swap_by_hand(machine, process);
    REQUIRE(process.clock.run_until([&] { return machine.has_line("not_helped"); }, 2min));
    process.clock.run_for(10min);
    CHECK(machine.world.version_current == VersionId("v1"));
    CHECK_FALSE(has_line_of(machine, "undo: "));
    CHECK_FALSE(has_line_of(machine, "demoted: "));
}

TEST_CASE("what somebody else did instead of us is not ours to take back, nor offered") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.undo_for_max = 30min;
    SimulatedProcess process(machine);
    begin(process);
    swap_by_hand(machine, process);
    REQUIRE(process.settle());
    CHECK(machine.has_line("helped"));
    CHECK(machine.story().back() == "closed passed");
    CHECK(process.executor->undoable().empty());
    CHECK(std::ranges::none_of(
        machine.notices, [](const std::string& one) { return one.contains("homeostat undo"); }));
    const Result<IncidentId> undoing =
        process.await(process.executor->undo(IncidentId("i-1"), {"anna", "v2 is wanted"}));
    REQUIRE_FALSE(undoing);
    CHECK_MESSAGE(undoing.error().text.contains("it did nothing"), undoing.error().text);
    CHECK(machine.world.version_current == VersionId("v1"));
}

}  // namespace homeostat::heal
