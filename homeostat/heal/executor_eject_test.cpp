// A slow instance through the awaiting driver: it is taken out of rotation, and what else may
// happen to it there.

#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

Symptom slow_payments_1(const SimulatedMachine& machine) {
    Symptom slow = about_instance_for_test(SymptomKind::latency, "payments-1", machine.world.now);
    slow.value = 480;
    slow.limit = 250;
    return slow;
}

/// payments-1 is slow by itself, and its incident is at `node`.
bool eject_payments_1(SimulatedMachine& machine,
                      SimulatedProcess& process,
                      const std::string& node) {
    machine.world.instance(InstanceId("payments-1")).is_slow = true;
    if (!process.start()) {
        return false;
    }
    process.clock.run_for(3s);
    const Symptom slow = slow_payments_1(machine);
    return process.submit(proposal_for_test(slow, eject_for_test("payments-1"))) &&
           process.settle_at(node);
}

}  // namespace

TEST_CASE("a slow process that ends is started again, wherever the incident of its slowness is") {
    for (const bool is_ejected : {true, false}) {
        CAPTURE(is_ejected);
        SimulatedMachine machine;
        machine.settings.inventory.may_eject = true;
        machine.settings.guard.autonomy[RemedyKind::eject] =
            is_ejected ? Autonomy::act : Autonomy::recommend;
        SimulatedProcess process(machine);
        REQUIRE(eject_payments_1(machine, process, is_ejected ? "hold" : "stand_by"));
        machine.world.end_process(InstanceId("payments-1"));
        const Instant crashed_at = machine.world.now;
        const Result<Standing> taken = process.submit(reflex_of(machine, "payments-1"));
        REQUIRE(taken);
        CHECK(taken->incident == IncidentId("i-2"));
        process.clock.run_until([&] { return machine.has_line("outcome i-2.e1 done"); }, 1min);
        CHECK(machine.world.now - crashed_at < 1s);
        process.clock.run_for(10s);
        CHECK(all_run(machine.world, "v2"));
        CHECK(starts_count_of(machine, "payments-1") == 1);
        CHECK(is_one_effect_per_intent(machine));
        CHECK(process.executor->incidents().size() == (is_ejected ? 0 : 1));
    }
}

TEST_CASE("a look at the world that a cure has overtaken says nothing of what the cure does") {
    for (Duration after = 0ms; after < 1s; after += 100ms) {
        CAPTURE(to_ms(after));
        SimulatedMachine machine;
        machine.settings.inventory.may_eject = true;
        SimulatedProcess process(machine);
        REQUIRE(eject_payments_1(machine, process, "hold"));
        process.clock.run_for(after);
        // A look that begins now is out when the proposal comes.
        process.runtime.reads_answer_at = machine.world.now + 300ms;
        process.clock.run_for(200ms);
        const Symptom slow = slow_payments_1(machine);
        REQUIRE(process.submit(proposal_for_test(slow, restart_for_test("payments-1"))));
        REQUIRE(process.settle());
        CHECK(machine.has_line("outcome i-1.e2 done"));
        CHECK_FALSE(machine.has_line("outcome i-1.e2 refused (read back)"));
        CHECK(starts_count_of(machine, "payments-1") == 1);
        CHECK(all_run(machine.world, "v2"));
    }
}

TEST_CASE("whether a slow instance may be ejected is a question that holds up no other symptom") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.inventory.may_eject = true;
    machine.settings.guard.autonomy[RemedyKind::eject] = Autonomy::ask;
    SimulatedProcess process(machine);
    REQUIRE(eject_payments_1(machine, process, "ask"));
    CHECK_FALSE(process.executor->standing(errors_for_test(machine.world.now)));
    REQUIRE(process.submit(rollback_of(machine)));
    CHECK(process.clock.run_until([&] { return all_run(machine.world, "v1"); }, 20s));
    CHECK(process.executor->incidents().front().node == "ask");
}

}  // namespace homeostat::heal
