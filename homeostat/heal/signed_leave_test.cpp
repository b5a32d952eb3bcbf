// Leave between the yes and the act: it is checked again by whoever acts on it, and people are not
// asked for more of it than they can read.

#include "homeostat/heal/signed_stage_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

/// Agreed to, and the process dies before anything begins.
Stage agreed_stage(std::uint32_t quorum = 1) {
    Stage stage(quorum);
    CHECK(stage.sign(anna));
    if (quorum == 2) {
        CHECK(stage.sign(bert));
    }
    REQUIRE(stage.effects_count() == 0);
    stage.process.reset();
    return stage;
}

/// A successor does nothing by that leave, and asks anew.
void expect_asked_anew(Stage& stage) {
    stage.start();
    REQUIRE(stage.process->clock.run_until(
        [&] { return stage.question().has_value() || stage.effects_count() > 0; }, 20s));
    CHECK(stage.effects_count() == 0);
    CHECK(stage.question().has_value());
}

/// Somebody who can write the ledger puts this in the place of the yes that is there.
void forge(SimulatedMachine& machine, const AnsweredBody& body) {
    for (EntryGroup& group : machine.disk.groups) {
        for (Entry& entry : group.entries) {
            if (entry.kind == EntryKind::answered) {
                entry.body = to_json(body);
            }
        }
    }
}

}  // namespace

TEST_CASE("leave that a person gave is acted on by a successor as well, if it still holds") {
    for (const std::uint32_t quorum : {1U, 2U}) {
        Stage stage = agreed_stage(quorum);
        stage.start();
        CHECK(stage.process->settle());
        CHECK(all_run(stage.machine.world, "v1"));
        CHECK(is_one_effect_per_intent(stage.machine));
    }
}

TEST_CASE("leave is checked again when it is acted on") {
    SUBCASE("who signed is an approver no more") {
        Stage stage = agreed_stage();
        std::erase_if(stage.machine.settings.approvers.listed,
                      [](const Approver& one) { return one.name == "anna"; });
        expect_asked_anew(stage);
    }
    SUBCASE("they have another key") {
        Stage stage = agreed_stage();
        stage.machine.settings.approvers.listed[0].key = mallory.listed().key;
        expect_asked_anew(stage);
    }
    SUBCASE("more have to agree by now") {
        Stage stage = agreed_stage();
        stage.machine.settings.approvers.quorum = 2;
        expect_asked_anew(stage);
    }
    SUBCASE("one of two is an approver no more") {
        Stage stage = agreed_stage(2);
        stage.machine.settings.approvers.listed = {anna.listed(), mallory.listed()};
        expect_asked_anew(stage);
    }
    SUBCASE("the key turns out to be the agent's") {
        Stage stage = agreed_stage();
        stage.machine.settings.approvers.own_keys = {anna.listed().key};
        expect_asked_anew(stage);
    }
    SUBCASE("it is another service's") {
        Stage stage = agreed_stage();
        stage.machine.settings.approvers.service = ServiceId("orders");
        expect_asked_anew(stage);
    }
    SUBCASE("the world is another") {
        Stage stage = agreed_stage();
        stage.machine.world.give_configs();
        expect_asked_anew(stage);
    }
    SUBCASE("the ledger's yes was edited to be for something else") {
        Stage stage = agreed_stage();
        AnsweredBody body = approved_body(stage.machine);
        body.leave->form.expires_at += 1h;
        forge(stage.machine, body);
        expect_asked_anew(stage);
    }
    SUBCASE("the signatures were taken out of it") {
        Stage stage = agreed_stage();
        AnsweredBody body = approved_body(stage.machine);
        body.leave.reset();
        forge(stage.machine, body);
        expect_asked_anew(stage);
    }
}

TEST_CASE("leave that has expired on the wall is none, however young it is by our own clock") {
    Stage stage;
    CHECK(stage.sign(anna));
    stage.process->clock.wall_ahead = 1h;
    REQUIRE(stage.process->clock.run_until(
        [&] { return stage.asks() || stage.effects_count() > 0; }, 20s));
    CHECK(stage.effects_count() == 0);
    CHECK(is_replayed(stage.machine.disk.groups));  // Without keys or a clock.
}

TEST_CASE("an unsigned yes of before there were approvers is no leave for those who act now") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    const auto question_id = [](const SimulatedProcess& process) {
        const std::vector<IncidentView> open = process.executor->incidents();
        return open.empty() || !open.front().question ? "" : open.front().question->id;
    };
    {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        REQUIRE(process.submit(rollback_of(machine)));
        REQUIRE(process.clock.run_until([&] { return !question_id(process).empty(); }, 1min));
        CHECK_FALSE(process.executor->incidents().front().question->to_sign);
        CHECK(process.await(process.executor->answer(
            first, {AnswerKind::approved, question_id(process), "alice", "seen"})));
    }
    const std::size_t before = machine.story().size();
    machine.settings.approvers = approvers_for_test();
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    REQUIRE(process.clock.run_until([&] { return machine.story().size() > before; }, 20s));
    REQUIRE(process.clock.run_until([&] { return !question_id(process).empty(); }, 20s));
    CHECK(std::ranges::none_of(
        machine.story(), [](const std::string& line) { return line.starts_with("intent "); }));
}

TEST_CASE("one yes is one remedy: what it was given for is not done by it a second time") {
    Stage stage;
    stage.machine.world.versions_bad.insert(VersionId("v1"));  // A rollback mends nothing.
    const ApprovalSignature used = sign_for_test(anna, stage.form());
    CHECK(stage.say(stage.yes({used})));
    REQUIRE(
        stage.process->clock.run_until([&] { return stage.machine.has_line("not_helped"); }, 2min));
    const Result<void> again =
        stage.say({AnswerKind::approved, "00000000000000aa", "anna", "", {used}});
    CHECK_FALSE(again);
    CHECK(stage.lines_count("approved by anna") == 1);
}

// --- how often people are asked ------------------------------------------------------------------

TEST_CASE("who was asked as often as it is good for is asked no more within the hour") {
    Stage stage;
    stage.process.reset();
    stage.machine.settings.guard.questions_per_hour_max = 1;
    stage.start();
    REQUIRE(stage.process->clock.run_until([&] { return stage.asks(); }, 30s));
    CHECK(stage.deny());
    REQUIRE(stage.process->settle_at("stand_by"));
    REQUIRE(stage.process->await(stage.process->executor->close(first, "carol", "mine")));
    const auto restart = [&] {
        return proposal_for_test(errors_for_test(stage.machine.world.now),
                                 restart_for_test("payments-0"));
    };
    REQUIRE(stage.process->submit(restart()));
    REQUIRE(stage.process->settle_at("stand_by"));
    CHECK(stage.machine.has_line("refusal: a person has agreed, where one is asked"));
    CHECK(stage.machine.notices.back().contains("whoever is asked too often says yes unread"));
    CHECK_FALSE(stage.question());
    CHECK(stage.effects_count() == 0);
    REQUIRE(stage.process->settle_at("rejudge", 2h));
    REQUIRE(stage.process->submit(restart()));
    CHECK(stage.process->clock.run_until([&] { return stage.asks(); }, 30s));
}

}  // namespace homeostat::heal
