// The awaiting driver of the healing graph, over simulated ports and a simulated clock.

#include "homeostat/heal/executor_role.hpp"

#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

using Story = std::vector<std::string>;

/// A rolling restart has replaced payments-0, which takes its time to come back.
bool restart_payments_0(SimulatedMachine& machine, SimulatedProcess& process) {
    machine.world.start_for = 5s;
    machine.world.is_dependency_failing = true;
    if (!process.start()) {
        return false;
    }
    process.clock.run_for(3s);
    const Result<Standing> taken = process.submit(
        proposal_for_test(errors_for_test(machine.world.now), rolling_restart_for_test()));
    machine.world.is_dependency_failing = false;
    const auto is_replaced = [&] { return machine.has_line("outcome i-1.e2 done"); };
    return taken && process.clock.run_until(is_replaced, 1min);
}

bool is_intent(const std::string& line) {
    return line.starts_with("intent ");
}

bool is_outcome(const std::string& line) {
    return line.starts_with("outcome ");
}

}  // namespace

// --- the way through -----------------------------------------------------------------------------

TEST_CASE("a proposal is carried out, proven and closed") {
    SimulatedMachine machine = bad_deploy();
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    const Result<Standing> standing = process.submit(rollback_of(machine));
    REQUIRE(standing);
    CHECK(standing->incident == IncidentId("i-1"));
    REQUIRE(process.settle());
    CHECK(machine.story().front() == "opened: rollback payments from v2 to v1");
    CHECK(machine.story().back() == "closed healed");
    CHECK(all_run(machine.world, "v1"));
    CHECK(machine.world.serving_min == 2);
    CHECK(is_one_effect_per_intent(machine));
    CHECK_FALSE(process.executor->standing(errors_for_test(machine.world.now)));
}

TEST_CASE("a ledger that ends its appends without giving way changes nothing") {
    SimulatedMachine machine = bad_deploy();
    machine.disk.append_takes = 0s;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.settle());
    CHECK(machine.story().back() == "closed healed");
}

TEST_CASE("a second proposal for an incident in hand is refused as busy and changes nothing") {
    SimulatedMachine machine = bad_deploy();
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.settle_at("act"));
    const std::optional<Standing> standing =
        process.executor->standing(errors_for_test(machine.world.now));
    REQUIRE(standing);
    CHECK_FALSE(standing->wants_proposal);
    const Result<Standing> second = process.submit(
        proposal_for_test(errors_for_test(machine.world.now), rolling_restart_for_test()));
    REQUIRE_FALSE(second);
    CHECK(second.error().fault == Fault::busy);
    REQUIRE(process.settle());
    CHECK(all_run(machine.world, "v1"));
    CHECK_FALSE(machine.has_line("opened: rolling_restart payments"));
}

TEST_CASE("after a remedy that did not help the executor asks for another opinion, and takes it") {
    SimulatedMachine machine = bad_deploy();
    machine.world.is_dependency_failing = true;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.settle_at("rejudge"));
    const Symptom symptom = errors_for_test(machine.world.now);
    const std::optional<Standing> standing = process.executor->standing(symptom);
    REQUIRE(standing);
    CHECK(standing->wants_proposal);
    CHECK(standing->tried == std::vector{RemedyKind::rollback});
    REQUIRE(process.submit(proposal_for_test(symptom, Observe{})));
    REQUIRE(process.settle_at("stand_by"));
    CHECK(all_run(machine.world, "v2"));  // Undone.
    CHECK_FALSE(machine.notices.empty());
}

TEST_CASE("an incident that may not act waits, and is closed when the agent sees it gone") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.autonomy.clear();
    for (const Duration append_takes : {Duration{}, Duration{2ms}}) {
        machine.disk.append_takes = append_takes;
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        REQUIRE(process.submit(rollback_of(machine)));
        REQUIRE(process.settle_at("stand_by"));
        process.clock.run_for(100ms);
        const std::vector<Symptom> open = process.executor->open_symptoms();
        REQUIRE(open.size() == 1);
        process.await(process.executor->clear(open.front()));
        CHECK(process.settle(1s));
        CHECK(machine.story().back() == "closed passed");
        CHECK(machine.world.changes_count.empty());
    }
}

TEST_CASE("an incident that was left to a person holds up no other kind of symptom") {
    SimulatedMachine machine = bad_deploy();
    machine.world.is_dependency_failing = true;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    const Symptom errors = errors_for_test(machine.world.now);
    REQUIRE(process.submit(proposal_for_test(errors, Observe{})));
    REQUIRE(process.settle_at("stand_by"));
    CHECK(process.executor->standing(errors));
    const Symptom silent = about_instance_for_test(SymptomKind::instance_not_answering,
                                                   "payments-0", machine.world.now);
    CHECK_FALSE(process.executor->standing(silent));
    const Result<Standing> taken =
        process.submit(proposal_for_test(silent, restart_for_test("payments-0")));
    REQUIRE(taken);
    CHECK(taken->incident == IncidentId("i-2"));
}

TEST_CASE("a question to a person holds up no other kind of symptom") {
    SimulatedMachine machine = bad_deploy();
    machine.world.instance(InstanceId("payments-0")).is_stalled = true;
    machine.settings.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.settle_at("ask"));
    CHECK(process.executor->standing(errors_for_test(machine.world.now)));
    const Symptom silent = about_instance_for_test(SymptomKind::instance_not_answering,
                                                   "payments-0", machine.world.now);
    REQUIRE(process.submit(proposal_for_test(silent, restart_for_test("payments-0"))));
    CHECK(process.clock.run_until([&] { return machine.world.serving_count() == 3; }, 10s));
    CHECK(process.executor->incidents().front().node == "ask");
}

TEST_CASE("an incident that guard goes on refusing holds up no other kind of symptom") {
    SimulatedMachine machine = bad_deploy();
    machine.world.instance(InstanceId("payments-0")).is_stalled = true;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    const Symptom errors = errors_for_test(machine.world.now);
    // Nothing is the matter with the neighbour that is blamed.
    REQUIRE(process.submit(proposal_for_test(errors, open_circuit_for_test())));
    REQUIRE(process.settle_at("guard"));
    const Symptom silent = about_instance_for_test(SymptomKind::instance_not_answering,
                                                   "payments-0", machine.world.now);
    process.clock.run_for(4s);
    CHECK(process.executor->standing(silent));  // A refusal may pass.
    process.clock.run_for(2s);
    CHECK(process.executor->standing(errors));
    CHECK_FALSE(process.executor->standing(silent));
    REQUIRE(process.submit(proposal_for_test(silent, restart_for_test("payments-0"))));
    CHECK(process.clock.run_until([&] { return machine.world.serving_count() == 3; }, 10s));
    CHECK_FALSE(machine.world.is_circuit_open());
}

TEST_CASE("an agent that says `gone` all the time neither stops a remedy nor floods the ledger") {
    SimulatedMachine machine = bad_deploy();
    machine.world.start_for = 5s;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    const Proposal proposal = rollback_of(machine);
    REQUIRE(process.submit(proposal));
    REQUIRE(process.settle_at("act"));
    for (int second = 0; second < 600 && !process.executor->incidents().empty(); ++second) {
        process.await(process.executor->clear(proposal.symptom));
        process.clock.run_for(100ms);
    }
    CHECK(machine.story().back() == "closed healed");
    CHECK(all_run(machine.world, "v1"));
    CHECK(machine.disk.groups.size() < 600);
}

TEST_CASE("two instances that crash at once are both started again, one effect at a time") {
    SimulatedMachine machine;
    machine.world.end_process(InstanceId("payments-0"));
    machine.world.end_process(InstanceId("payments-2"));
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    REQUIRE(process.submit(reflex_of(machine, "payments-0")));
    REQUIRE(process.submit(reflex_of(machine, "payments-2")));
    CHECK(process.executor->incidents().size() == 2);
    REQUIRE(process.settle());
    CHECK(all_run(machine.world, "v2"));
    CHECK(machine.world.changes_count.size() == 2);
    bool is_under_way = false;
    for (const std::string& line : machine.story()) {
        CHECK_FALSE((is_intent(line) && is_under_way));
        is_under_way = is_intent(line) || (is_under_way && !is_outcome(line));
    }
}

TEST_CASE("a process that ends again before its restart is proven is started again") {
    SimulatedMachine machine;
    const InstanceId name("payments-1");
    machine.world.end_process(name);
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    REQUIRE(process.submit(reflex_of(machine, name.text())));
    REQUIRE(process.settle_at("verify"));
    machine.world.end_process(name);
    REQUIRE(process.settle());
    CHECK(all_run(machine.world, "v2"));
    CHECK(starts_count_of(machine, name.text()) == 2);
    CHECK(machine.has_line("closed healed"));
    CHECK(is_one_effect_per_intent(machine));
}

TEST_CASE("a process that ends again and again is left to a person after so many restarts") {
    SimulatedMachine machine;
    const InstanceId name("payments-1");
    machine.world.end_process(name);
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    for (int ending = 0; ending < 10; ++ending) {
        (void)process.submit(reflex_of(machine, name.text()));  // The agent sees it is down.
        process.clock.run_until([&] { return machine.world.instances[1].runtime.is_alive; }, 10s);
        machine.world.end_process(name);
        process.clock.run_for(1s);
    }
    CHECK(starts_count_of(machine, name.text()) == machine.settings.guard.attempts_max);
    CHECK(machine.world.serving_count() == 2);
    CHECK(std::ranges::any_of(
        machine.story(), [](const std::string& line) { return line.starts_with("escalated: "); }));
}

TEST_CASE("a process that ends while a remedy waits at another instance is started at once") {
    SimulatedMachine machine;
    SimulatedProcess process(machine);
    REQUIRE(restart_payments_0(machine, process));
    machine.world.end_process(InstanceId("payments-2"));
    const Instant crashed_at = machine.world.now;
    REQUIRE(process.submit(reflex_of(machine, "payments-2")));
    process.clock.run_until([&] { return machine.has_line("outcome i-2.e1 done"); }, 1min);
    CHECK(machine.world.now - crashed_at < 1s);
    CHECK(machine.story() == Story{
                                 "opened: rolling_restart payments",
                                 "permit",
                                 "intent i-1.e1 drain payments-0",
                                 "outcome i-1.e1 done",
                                 "intent i-1.e2 replace payments-0 by v2",
                                 "outcome i-1.e2 done",
                                 "opened: restart payments-2",
                                 "permit",
                                 "intent i-2.e1 replace payments-2 by v2 (dead)",
                                 "outcome i-2.e1 done",
                             });
    REQUIRE(process.settle());
    CHECK(all_run(machine.world, "v2"));
    CHECK(starts_count_of(machine, "payments-1") == 1);
    CHECK(starts_count_of(machine, "payments-2") == 1);
    CHECK(is_one_effect_per_intent(machine));
    CHECK(std::ranges::count(machine.story(), "closed healed") == 2);
}

TEST_CASE("a process that ends where a remedy is at work is left to that remedy") {
    SimulatedMachine machine;
    SimulatedProcess process(machine);
    REQUIRE(restart_payments_0(machine, process));
    machine.world.end_process(InstanceId("payments-0"));
    const Result<Standing> reflex = process.submit(reflex_of(machine, "payments-0"));
    REQUIRE_FALSE(reflex);
    CHECK(reflex.error().fault == Fault::busy);
    REQUIRE(process.settle());
    CHECK(all_run(machine.world, "v2"));
    CHECK_FALSE(machine.has_line("opened: restart payments-0"));
    CHECK(starts_count_of(machine, "payments-0") == 2);
    CHECK(machine.story().back() == "closed healed");
}

TEST_CASE("a remedy that a start holds up late is not given up for the time it took before") {
    SimulatedMachine machine;
    machine.settings.perform_for_max = 5s;
    SimulatedProcess process(machine);
    REQUIRE(restart_payments_0(machine, process));
    machine.world.start_for = 20s;  // As long as a refusal may last here.
    const auto is_at_1 = [&] { return machine.has_line("outcome i-1.e5 done"); };
    REQUIRE(process.clock.run_until(is_at_1, 1min));
    process.clock.run_for(19s);
    machine.world.start_for = 100ms;
    machine.world.end_process(InstanceId("payments-2"));
    process.runtime.replies_next = {SimulatedReply::unknown_undone};
    process.runtime.perform_takes = 3s;
    REQUIRE(process.submit(reflex_of(machine, "payments-2")));
    REQUIRE(process.settle());
    CHECK(machine.has_line("refusal: one remedy is in hand at a time"));
    CHECK(machine.notices.empty());
    CHECK(all_run(machine.world, "v2"));
    CHECK(std::ranges::count(machine.story(), "closed healed") == 2);
}

namespace {

/// A process of ours that takes two incidents in hand and dies: so many groups later, and a moment.
void run_until_two_are_in_hand(SimulatedMachine& machine, std::size_t groups, Duration afterwards) {
    SimulatedProcess process(machine);
    REQUIRE(restart_payments_0(machine, process));
    machine.world.end_process(InstanceId("payments-2"));
    REQUIRE(process.submit(reflex_of(machine, "payments-2")));
    const std::size_t until = machine.disk.groups.size() + groups;
    process.clock.run_until([&] { return machine.disk.groups.size() >= until; }, 1min);
    process.clock.run_for(afterwards);
}

}  // namespace

TEST_CASE("a process of ours that dies with two incidents in hand is succeeded in both") {
    for (const Duration afterwards : {Duration{}, Duration{10ms}}) {
        for (std::size_t groups = 0; groups < 30; ++groups) {
            CAPTURE(to_ms(afterwards));
            CAPTURE(groups);
            SimulatedMachine machine;
            run_until_two_are_in_hand(machine, groups, afterwards);
            SimulatedProcess successor(machine);
            REQUIRE(successor.start());
            if (!machine.world.instance(InstanceId("payments-2")).runtime.is_alive) {
                (void)successor.submit(reflex_of(machine, "payments-2"));  // Or it is known.
            }
            REQUIRE(successor.settle());
            CHECK(all_run(machine.world, "v2"));
            CHECK(is_one_effect_per_intent(machine));
            CHECK(machine.world.serving_min >= 1);
            CHECK(starts_count_of(machine, "payments-1") == 1);
        }
    }
}

TEST_CASE("proposals that come while the process starts are taken once") {
    SimulatedMachine machine;
    machine.world.end_process(InstanceId("payments-1"));
    machine.disk.append_takes = 20ms;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    REQUIRE(process.submit(reflex_of(machine, "payments-1")));  // `started` is still being written.
    REQUIRE(process.settle());
    CHECK(machine.story() == Story{
                                 "opened: restart payments-1",
                                 "permit",
                                 "intent i-1.e1 replace payments-1 by v2 (dead)",
                                 "outcome i-1.e1 done",
                                 "helped",
                                 "closed healed",
                             });
}

// --- the actuators fail --------------------------------------------------------------------------

TEST_CASE("whatever an actuator answers, no effect happens twice and the remedy comes to its end") {
    using enum SimulatedReply;
    for (const SimulatedReply reply : {prompt, unknown_done, unknown_undone, late}) {
        for (std::size_t nth = 0; nth < 4; ++nth) {
            CAPTURE(static_cast<int>(reply));
            CAPTURE(nth);
            SimulatedMachine machine = bad_deploy();
            SimulatedProcess process(machine);
            process.runtime.replies_next.assign(nth, prompt);
            process.runtime.replies_next.push_back(reply);
            process.edge.replies_next.assign(nth, prompt);
            process.edge.replies_next.push_back(reply);
            REQUIRE(process.start());
            process.clock.run_for(3s);
            REQUIRE(process.submit(rollback_of(machine)));
            REQUIRE(process.settle());
            CHECK(machine.story().back() == "closed healed");
            CHECK(all_run(machine.world, "v1"));
            CHECK(machine.world.serving_min == 2);
            CHECK(is_one_effect_per_intent(machine));
        }
    }
}

TEST_CASE(
    "an effect that comes back after it was given up is settled by the world, not by its word") {
    SimulatedMachine machine = bad_deploy();
    SimulatedProcess process(machine);
    process.runtime.replies_next = {SimulatedReply::late};  // One second after its deadline.
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    const bool is_given_up =
        process.clock.run_until([&] { return !machine.notices.empty(); }, 1min);
    REQUIRE(is_given_up);
    CHECK(machine.notices.front().starts_with("i-1.e1 did not come back by its deadline"));
    process.clock.run_for(900ms);
    CHECK(machine.world.version_current == VersionId("v2"));
    CHECK(machine.story().back() == "intent i-1.e1 swap_version of payments from v2 to v1");
    REQUIRE(process.settle());
    CHECK(machine.has_line("outcome i-1.e1 done (read back)"));
    CHECK(machine.notices.back().starts_with("i-1.e1 has come back after it was given up: done"));
    CHECK(all_run(machine.world, "v1"));
    CHECK(is_one_effect_per_intent(machine));
}

TEST_CASE("an effect that never comes back is followed by no other, and a person is told") {
    SimulatedMachine machine = bad_deploy();
    SimulatedProcess process(machine);
    process.runtime.replies_next = {SimulatedReply::never};
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    process.clock.run_for(5s);
    machine.world.end_process(InstanceId("payments-1"));
    const Result<Standing> reflex = process.submit(reflex_of(machine, "payments-1"));
    REQUIRE_FALSE(reflex);
    CHECK(reflex.error().fault == Fault::busy);
    process.clock.run_for(5min);
    CHECK(process.runtime.performed.size() == 1);
    CHECK(process.edge.performed.empty());
    CHECK(machine.has_line("escalated: the remedy took too long and was given up"));
    CHECK(machine.notices.back() == "i-1: the remedy took too long and was given up");
}

TEST_CASE("a part of the world that does not answer is missing, and nothing is done without it") {
    SimulatedMachine machine = bad_deploy();
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    process.runtime.reads_answer_at = machine.world.now + 10s;
    REQUIRE(process.submit(rollback_of(machine)));
    process.clock.run_for(9s);
    CHECK(machine.has_line("refusal: the facts are complete and fresh"));
    CHECK(machine.world.changes_count.empty());
    REQUIRE(process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK(all_run(machine.world, "v1"));
}

TEST_CASE("facts are as old as the first reading that they are made of") {
    SimulatedMachine machine;
    SimulatedProcess process(machine);
    process.edge.reads_answer_at = machine.world.now + 400ms;
    const Instant asked_at = machine.world.now;
    const Facts facts = process.await(process.executor->read_facts());
    CHECK(facts.is_complete);
    CHECK(machine.world.now == asked_at + 400ms);
    CHECK(facts.read_at == asked_at);
}

TEST_CASE("an observer that never answers proves nothing and keeps nobody waiting") {
    SimulatedMachine machine = bad_deploy();
    SimulatedProcess process(machine);
    process.journeys.answers_at = Instant::max();
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.settle_at("verify"));
    REQUIRE(process.settle_at("rejudge", 30s));
    CHECK(machine.has_line("not_helped"));
    CHECK(all_run(machine.world, "v2"));  // Undone: what is not proven is taken back.
}

}  // namespace homeostat::heal
