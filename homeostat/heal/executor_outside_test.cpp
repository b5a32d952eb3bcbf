// Others outside have a word before a remedy begins: who has to have the decision, and the budget
// of a fleet.

#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::heal {

using namespace std::chrono_literals;

namespace {

/// A rollback begins only once `pg` has its decision.
SimulatedMachine machine_with_auditor() {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.confirmed_by = {{RemedyKind::rollback, {"pg"}}};
    return machine;
}

/// `pg` has all but the last `behind` groups.
void let_follow(SimulatedProcess& process,
                SimulatedMachine& machine,
                const std::size_t& behind,
                const bool& is_away) {
    process.confirmations.follows = [&] -> std::optional<ports::HeldOutside> {
        if (is_away || machine.disk.groups.size() <= behind) {
            return std::nullopt;
        }
        return ports::HeldOutside{machine.disk.groups.size() - behind - 1, {}, {}};
    };
}

std::size_t index_of(const std::vector<std::string>& story, const std::string& part) {
    const auto found =
        std::ranges::find_if(story, [&](const auto& line) { return line.contains(part); });
    return static_cast<std::size_t>(found - story.begin());
}

SimulatedMachine machine_in_fleet(std::uint32_t remedies_max, std::uint32_t at_once_max) {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.fleet = FleetLimits{
        .name = "shop", .remedies_max = remedies_max, .window = 10min, .at_once_max = at_once_max};
    return machine;
}

/// A process that has begun, and to which the rollback was submitted.
void begin(SimulatedProcess& process, SimulatedMachine& machine) {
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
}

}  // namespace

TEST_CASE("a rollback that has to be confirmed begins after its decision is outside") {
    SimulatedMachine machine = machine_with_auditor();
    SimulatedProcess process(machine);
    std::size_t behind = 0;
    bool is_away = false;
    let_follow(process, machine, behind, is_away);
    begin(process, machine);
    REQUIRE(process.settle());
    CHECK(all_run(machine.world, "v1"));
    const std::vector<std::string> story = machine.story();
    CHECK(index_of(story, "permit") < index_of(story, "intent i-1.e1"));
    CHECK(std::ranges::none_of(story, [](const auto& line) { return line.contains("refusal"); }));
}

TEST_CASE("whoever is behind the decision is waited for, and nothing is done meanwhile") {
    SimulatedMachine machine = machine_with_auditor();
    SimulatedProcess process(machine);
    std::size_t behind = 1'000;
    bool is_away = false;
    let_follow(process, machine, behind, is_away);
    begin(process, machine);
    process.clock.run_for(10s);
    CHECK(process.edge.performed.empty());
    CHECK(process.runtime.performed.empty());
    CHECK(index_of(machine.story(), "who has to have the decision outside has it") <
          machine.story().size());
    behind = 0;
    REQUIRE(process.settle());
    CHECK(all_run(machine.world, "v1"));
}

TEST_CASE("a sink that stays away costs the remedy, tells a person, and is asked again later") {
    SimulatedMachine machine = machine_with_auditor();
    SimulatedProcess process(machine);
    std::size_t behind = 0;
    bool is_away = true;
    let_follow(process, machine, behind, is_away);
    begin(process, machine);
    REQUIRE(process.settle_at("stand_by"));
    CHECK(process.edge.performed.empty());
    CHECK(process.runtime.performed.empty());
    CHECK(std::ranges::any_of(machine.notices, [](const std::string& notice) {
        return notice.contains("pg has not confirmed it: it is away") &&
               notice.contains("judged again");
    }));
}

TEST_CASE("another kind, and the start of what has ended, wait for no sink") {
    SimulatedMachine machine = machine_with_auditor();
    machine.settings.guard.confirmed_by = {{RemedyKind::rollback, {"pg"}},
                                           {RemedyKind::restart, {"pg"}}};
    SimulatedProcess process(machine);
    std::size_t behind = 0;
    bool is_away = true;
    let_follow(process, machine, behind, is_away);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    machine.world.end_process(InstanceId("payments-1"));
    REQUIRE(process.submit(reflex_of(machine, "payments-1")));
    REQUIRE(
        process.clock.run_until([&] { return machine.world.instances[1].runtime.is_alive; }, 5s));
    CHECK(process.confirmations.hurried.empty());
}

TEST_CASE("a process that ends while a remedy waits for a sink is started at once") {
    SimulatedMachine machine = machine_with_auditor();
    SimulatedProcess process(machine);
    std::size_t behind = 0;
    bool is_away = true;
    let_follow(process, machine, behind, is_away);
    begin(process, machine);
    REQUIRE(process.settle_at("act"));
    machine.world.end_process(InstanceId("payments-1"));
    REQUIRE(process.submit(reflex_of(machine, "payments-1")));
    REQUIRE(
        process.clock.run_until([&] { return machine.world.instances[1].runtime.is_alive; }, 5s));
    CHECK(process.edge.performed.empty());
    is_away = false;
    REQUIRE(process.settle());
    CHECK(all_run(machine.world, "v1"));
}

TEST_CASE("whoever takes over waits for a confirmation of what it wrote itself") {
    SimulatedMachine machine = machine_with_auditor();
    {
        SimulatedProcess first(machine);
        std::size_t behind = 1'000;
        bool is_away = false;
        let_follow(first, machine, behind, is_away);
        begin(first, machine);
        REQUIRE(first.settle_at("act"));
    }
    SimulatedProcess second(machine);
    const std::uint64_t old_end = machine.disk.groups.size() - 1;
    second.confirmations.follows = [&] {  // The decision itself is there, and no more.
        return std::optional(ports::HeldOutside{old_end, {}, {}});
    };
    REQUIRE(second.start());
    second.clock.run_for(8s);
    CHECK(second.runtime.performed.empty());
    CHECK(second.edge.performed.empty());
    std::size_t behind = 0;
    bool is_away = false;
    let_follow(second, machine, behind, is_away);
    REQUIRE(second.settle());
    CHECK(all_run(machine.world, "v1"));
    CHECK(is_one_effect_per_intent(machine));
}

TEST_CASE("in a fleet a remedy takes one place, and gives it back once it is over") {
    SimulatedMachine machine = machine_in_fleet(10, 1);
    SimulatedProcess process(machine);
    begin(process, machine);
    REQUIRE(process.clock.run_until([&] { return !process.edge.performed.empty(); }, 10s));
    CHECK(machine.fleet.in_hand(machine.world.now) == 1);
    REQUIRE(process.settle());
    process.clock.run_for(1s);
    CHECK(all_run(machine.world, "v1"));
    CHECK(machine.fleet.in_hand(machine.world.now) == 0);
    CHECK(machine.fleet.places.size() == 1);  // It counts for the window.
}

TEST_CASE("where as much is in hand as may be a remedy waits until a place is free") {
    SimulatedMachine machine = machine_in_fleet(10, 1);
    SimulatedProcess process(machine);
    machine.fleet.occupy("another's", machine.world.now, 15s);  // It died; its place ends.
    begin(process, machine);
    process.clock.run_for(8s);
    CHECK(process.edge.performed.empty());
    CHECK(process.runtime.performed.empty());
    REQUIRE(process.settle());
    CHECK(all_run(machine.world, "v1"));
}

TEST_CASE("where the window is used up, or the store is away, nothing judged begins") {
    for (const bool is_away : {false, true}) {
        CAPTURE(is_away);
        SimulatedMachine machine = machine_in_fleet(1, 5);
        SimulatedProcess process(machine);
        if (is_away) {
            machine.fleet.trouble = "connection refused";
        } else {
            machine.fleet.occupy("another's", machine.world.now, 0s);
        }
        begin(process, machine);
        REQUIRE(process.settle_at("stand_by"));
        CHECK(process.edge.performed.empty());
        CHECK(process.runtime.performed.empty());
        CHECK(machine.fleet.places.size() == (is_away ? 0 : 1));
    }
}

TEST_CASE("where the store is away a process that has ended is started") {
    SimulatedMachine machine = machine_in_fleet(1, 1);
    machine.fleet.trouble = "connection refused";
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    machine.world.end_process(InstanceId("payments-1"));
    REQUIRE(process.submit(reflex_of(machine, "payments-1")));
    REQUIRE(
        process.clock.run_until([&] { return machine.world.instances[1].runtime.is_alive; }, 5s));
}

TEST_CASE("who loses the answer, and who dies after asking, takes the same place again") {
    for (const bool dies : {false, true}) {
        CAPTURE(dies);
        SimulatedMachine machine = machine_in_fleet(10, 1);
        machine.fleet.loses_answers = true;
        {
            SimulatedProcess first(machine);
            begin(first, machine);
            first.clock.run_for(5s);
            CHECK(first.edge.performed.empty());
            CHECK(machine.fleet.places.size() == 1);
            machine.fleet.loses_answers = false;
            if (!dies) {
                REQUIRE(first.settle());
            }
        }
        if (dies) {
            SimulatedProcess second(machine);
            REQUIRE(second.start());
            REQUIRE(second.settle());
        }
        CHECK(all_run(machine.world, "v1"));
        CHECK(machine.fleet.places.size() == 1);
    }
}

TEST_CASE("a place that was taken for what does not begin after all is given back unused") {
    SimulatedMachine machine = machine_in_fleet(10, 1);
    machine.fleet.answers_after = 1s;
    SimulatedProcess process(machine);
    begin(process, machine);
    REQUIRE(process.clock.run_until([&] { return machine.fleet.asked_count == 1; }, 10s));
    machine.world.is_suspended = true;
    REQUIRE(
        process.clock.run_until([&] { return machine.fleet.in_hand(machine.world.now) == 1; }, 2s));
    process.clock.run_for(5s);
    machine.world.is_suspended = false;
    REQUIRE(process.settle_at("rejudge"));  // What was judged before may be long over.
    process.clock.run_for(1s);
    CHECK(machine.fleet.places.empty());
    CHECK(process.edge.performed.empty());
    CHECK(process.runtime.performed.empty());
}

}  // namespace homeostat::heal
