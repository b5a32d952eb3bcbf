// How often a person is told of what is refused for good.

#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

/// The symptom comes, is refused, and goes.
void come_and_go(SimulatedProcess& process, const Proposal& proposal) {
    REQUIRE(process.submit(proposal));
    REQUIRE(process.settle_at("stand_by"));
    process.await(process.executor->clear(proposal.symptom));
    REQUIRE(process.settle());
}

std::ptrdiff_t escalations_count(const SimulatedMachine& machine) {
    return std::ranges::count_if(machine.story(), [](const std::string& line) {
        return line.starts_with("escalated: refused (");
    });
}

}  // namespace

TEST_CASE("a symptom that comes and goes is told of once an hour, also by a successor") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.autonomy[RemedyKind::rollback] = Autonomy::recommend;
    for (int lives = 0; lives < 2; ++lives) {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        for (int times = 0; times < 3; ++times) {
            come_and_go(process, rollback_of(machine));
            process.clock.run_for(10s);
        }
        CHECK(machine.notices.size() == 1);
    }
    CHECK(escalations_count(machine) == 6);

    machine.world.now += 1h;
    SimulatedProcess later(machine);
    REQUIRE(later.start());
    later.clock.run_for(3s);
    come_and_go(later, rollback_of(machine));
    CHECK(machine.notices.size() == 2);
}

TEST_CASE("another rule and another symptom are told of at once") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.autonomy[RemedyKind::rollback] = Autonomy::recommend;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    come_and_go(process, rollback_of(machine));
    Proposal other_symptom = rollback_of(machine);
    other_symptom.symptom.kind = SymptomKind::latency;
    come_and_go(process, other_symptom);
    Proposal other_rule = rollback_of(machine);
    other_rule.choice.remedy = restart_for_test("payments-9");
    come_and_go(process, other_rule);
    CHECK(machine.notices.size() == 3);
}

TEST_CASE("another remedy that is refused for the same symptom is told of at once") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.autonomy[RemedyKind::rollback] = Autonomy::recommend;
    machine.settings.guard.autonomy[RemedyKind::rolling_restart] = Autonomy::recommend;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    for (int times = 0; times < 2; ++times) {
        come_and_go(process, rollback_of(machine));
        Proposal other_remedy = rollback_of(machine);
        other_remedy.choice.remedy = rolling_restart_for_test();
        come_and_go(process, other_remedy);
    }
    CHECK(machine.notices.size() == 2);
}

TEST_CASE("what was not told again is told later if its symptom stays, also by a successor") {
    for (const bool dies : {false, true}) {
        CAPTURE(dies);
        SimulatedMachine machine = bad_deploy();
        machine.settings.guard.autonomy[RemedyKind::rollback] = Autonomy::recommend;
        std::optional<SimulatedProcess> process(std::in_place, machine);
        REQUIRE(process->start());
        process->clock.run_for(3s);
        come_and_go(*process, rollback_of(machine));
        process->clock.run_for(1min);
        REQUIRE(process->submit(rollback_of(machine)));
        REQUIRE(process->settle_at("stand_by"));
        if (dies) {
            process.reset();
            process.emplace(machine);
            REQUIRE(process->start());
        }
        process->clock.run_for(8min);
        CHECK(machine.notices.size() == 1);
        process->clock.run_for(2min);
        CHECK(machine.notices.size() == 2);
        process->clock.run_for(21min);
        CHECK(machine.notices.size() == 2);
    }
}

TEST_CASE("who only watches the emptying of caches is not called because of a reroute either") {
    for (const Autonomy level : {Autonomy::watch, Autonomy::recommend}) {
        SimulatedMachine machine;
        machine.settings.guard.autonomy[RemedyKind::invalidate_cache] = level;
        machine.world.copies_right_from_at = machine.world.now + 1h;
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        REQUIRE(process.submit(
            proposal_for_test(stale_for_test(machine.world.now), reroute_for_test())));
        REQUIRE(process.settle_at("stand_by"));
        CHECK(machine.has_line("refusal: the autonomy of the remedy is ask or act"));
        CHECK(machine.notices.size() == (level == Autonomy::watch ? 0 : 1));
    }
}

TEST_CASE("no number is given twice, whichever entry of its incident is left") {
    SimulatedMachine machine = bad_deploy();
    EntryGroup group;
    group.entries.push_back(record::closed(IncidentId("i-7"), CloseKind::passed, {}));
    machine.disk.groups.push_back(std::move(group));
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    const Result<Standing> taken = process.submit(rollback_of(machine));
    REQUIRE(taken);
    CHECK(taken->incident == IncidentId("i-8"));
}

}  // namespace homeostat::heal
