// What a parked incident keeps nobody from: to start what has ended, to heal what else is wrong;
// and when it ends by itself.

#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

/// Begins with `proposal`, and ends as soon as what was written so far is as `is_reached` wants it.
void die_once(SimulatedMachine& machine,
              const Proposal& proposal,
              const std::function<bool(const std::vector<std::string>&)>& is_reached,
              Duration afterwards = {}) {
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(proposal));
    REQUIRE(process.clock.run_until([&] { return is_reached(machine.story()); }, 2min));
    process.clock.run_for(afterwards);
}

bool ends_with_outcome_of(const std::vector<std::string>& story, const std::string& step) {
    return story.size() > 1 && story.back().starts_with("outcome ") &&
           story[story.size() - 2].contains(step);
}

std::ptrdiff_t lines_count_of(const SimulatedMachine& machine, const std::string& begin) {
    return std::ranges::count_if(machine.story(),
                                 [&](const std::string& line) { return line.starts_with(begin); });
}

/// The symptom of the parked incident is gone; says whether that closed it.
bool ends_with_its_symptom(SimulatedMachine& machine, const Symptom& symptom) {
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    successor.clock.run_for(5s);
    REQUIRE(successor.executor->incidents().size() == 1);
    REQUIRE(successor.executor->incidents().front().node == "parked");
    successor.await(successor.executor->clear(symptom));
    return successor.executor->incidents().empty() && machine.story().back() == "closed passed";
}

}  // namespace

TEST_CASE("a process that has ended is started, though an earlier incident of its end is parked") {
    SimulatedMachine machine;
    machine.prove("v2");
    machine.world.is_suspended = true;
    {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        machine.world.end_process(InstanceId("payments-0"));
        REQUIRE(process.submit(reflex_of(machine, "payments-0")));
        REQUIRE(process.settle_at("guard"));
        process.clock.run_for(1s);
    }
    be_of_another_graph(machine);
    machine.world.is_suspended = false;
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    successor.clock.run_for(3s);
    REQUIRE(successor.executor->incidents().size() == 1);
    CHECK(successor.executor->incidents().front().node == "parked");
    const Result<Standing> taken = successor.submit(reflex_of(machine, "payments-0"));
    REQUIRE(taken);
    CHECK(taken->incident == IncidentId("i-2"));
    CHECK(successor.clock.run_until([&] { return machine.has_line("closed healed"); }, 1min));
    CHECK(all_run(machine.world, "v2"));
    CHECK(is_one_effect_per_intent(machine));
}

TEST_CASE("what became of a parked incident's last effect is read, so that others are healed") {
    // 10 ms later the effect has happened.
    for (const Duration afterwards : {Duration{}, Duration{10ms}}) {
        CAPTURE(to_ms(afterwards));
        SimulatedMachine machine = bad_deploy();
        die_once(
            machine, rollback_of(machine),
            [](const auto& story) { return !story.empty() && story.back().starts_with("intent "); },
            afterwards);
        be_of_another_graph(machine);
        const auto changes = machine.world.changes_count;
        for (int lives = 0; lives < 2; ++lives) {
            SimulatedProcess successor(machine);
            REQUIRE(successor.start());
            successor.clock.run_for(3s);
            machine.world.end_process(InstanceId("payments-1"));
            const Result<Standing> taken = successor.submit(reflex_of(machine, "payments-1"));
            REQUIRE(taken);
            CHECK(successor.clock.run_until(
                [&] { return machine.world.instance(InstanceId("payments-1")).runtime.is_alive; },
                1min));
            REQUIRE(successor.settle_at("parked"));
        }
        CHECK(lines_count_of(machine, "outcome i-1.e1 ") == 1);
        CHECK(lines_count_of(machine, "intent i-1.") == 1);
        CHECK(machine.has_line(changes.empty() ? "outcome i-1.e1 refused (read back)"
                                               : "outcome i-1.e1 done (read back)"));
    }
}

TEST_CASE("a parked incident that has begun something and proven nothing stays, until a person") {
    SUBCASE("an instance is out of rotation") {
        SimulatedMachine machine = bad_deploy();
        die_once(machine, rollback_of(machine),
                 [](const auto& story) { return ends_with_outcome_of(story, "drain"); });
        be_of_another_graph(machine);
        CHECK_FALSE(ends_with_its_symptom(machine, errors_for_test(machine.world.now)));
    }
    SUBCASE("what was announced cannot be read") {
        SimulatedMachine machine = bad_deploy();
        die_once(machine, rollback_of(machine), [](const auto& story) {
            return !story.empty() && story.back().starts_with("outcome ");
        });
        be_of_another_graph(machine);
        for (EntryGroup& group : machine.disk.groups) {
            for (Entry& entry : group.entries) {
                if (entry.kind == EntryKind::intent) {
                    entry.body = json::object{};
                }
            }
        }
        SimulatedProcess successor(machine);
        REQUIRE(successor.start());
        successor.clock.run_for(5s);
        successor.await(successor.executor->clear(errors_for_test(machine.world.now)));
        CHECK(successor.executor->incidents().size() == 1);
    }
}

TEST_CASE("what was held, was given back and is proven does not keep a parked incident open") {
    SimulatedMachine machine;
    machine.world.copies_right_from_at = machine.world.now + 25s;
    const Symptom stale = stale_for_test(machine.world.now);
    die_once(machine, proposal_for_test(stale, reroute_for_test()), [](const auto& story) {
        return !story.empty() && story.back() == "helped" &&
               std::ranges::any_of(
                   story, [](const std::string& line) { return line.starts_with("given back: "); });
    });
    be_of_another_graph(machine);
    CHECK(ends_with_its_symptom(machine, stale));
}

}  // namespace homeostat::heal
