// Signed approvals against who would get by them: each attack of the suite on the real executor,
// with simulated ports. Whatever is tried, nothing is done by it; what was asked stays asked, and
// those who may agree still can.

#include "homeostat/heal/signed_stage_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

struct Attack {
    const char* name;
    Result<void> (*by)(Stage& stage);
    const char* refused_with;
    std::uint32_t quorum{1};
};

constexpr const char* does_not_hold = "does not hold for what is asked now";
constexpr const char* has_to_be_signed = "a yes has to be signed";

const std::vector<Attack> attacks{
    {"a yes of before the process died is said again to its successor",
     [](Stage& stage) {
         const ApprovalSignature old = sign_for_test(anna, stage.form());
         stage.restart();
         return stage.say(stage.yes({old}));
     },
     does_not_hold},
    {"the target is swapped",
     [](Stage& stage) {
         return stage.sign_other(
             [](ApprovalForm& one) { one.remedy = restart_for_test("payments-0"); });
     },
     does_not_hold},
    {"a parameter is swapped",
     [](Stage& stage) {
         return stage.sign_other(
             [](ApprovalForm& one) { std::get<Rollback>(one.remedy).to = VersionId("v0"); });
     },
     does_not_hold},
    {"the world is another",
     [](Stage& stage) {
         return stage.sign_other(
             [](ApprovalForm& one) { one.preconditions.version = VersionId("v3"); });
     },
     does_not_hold},
    {"it is of another incident",
     [](Stage& stage) {
         return stage.sign_other([](ApprovalForm& one) { one.incident = IncidentId("i-2"); });
     },
     does_not_hold},
    {"it is of another service",
     [](Stage& stage) {
         return stage.sign_other([](ApprovalForm& one) { one.service = ServiceId("orders"); });
     },
     does_not_hold},
    {"the expiry is put off",
     [](Stage& stage) { return stage.sign_other([](ApprovalForm& one) { one.expires_at += 1h; }); },
     does_not_hold},
    {"the clock on the wall says that it has expired",
     [](Stage& stage) {
         stage.process->clock.wall_ahead = 1h;
         return stage.sign(anna);
     },
     "what was asked has expired"},
    {"nobody has signed", [](Stage& stage) { return stage.say(stage.yes({})); }, has_to_be_signed},
    {"nobody has signed, and the channel says who did",
     [](Stage& stage) {
         Answer answer = stage.yes({});
         answer.by = "anna";
         answer.leave =
             SignedLeave{parse_form(stage.form()).value(), {sign_for_test(anna, stage.form())}};
         return stage.say(answer);
     },
     has_to_be_signed},
    {"the signature is of an older scheme without its prefix",
     [](Stage& stage) { return stage.say(stage.yes({signature_for_test(anna, stage.form())})); },
     does_not_hold},
    {"somebody who is not listed signs", [](Stage& stage) { return stage.sign(mallory); },
     "mallory is no approver"},
    {"somebody who is not listed signs as anna",
     [](Stage& stage) { return stage.sign({"anna", mallory.seed}); },
     "another key than the one that is listed"},
    {"the signature is made up",
     [](Stage& stage) {
         ApprovalSignature forged = sign_for_test(anna, stage.form());
         std::ranges::fill(forged.signature, '0');
         return stage.say(stage.yes({forged}));
     },
     does_not_hold},
    {"the question's id is made up",
     [](Stage& stage) {
         Answer answer = stage.yes({sign_for_test(anna, stage.form())});
         answer.question = "00000000000000aa";
         return stage.say(answer);
     },
     "asks something else now"},
    {"one of two signs twice at once",
     [](Stage& stage) {
         const ApprovalSignature one = sign_for_test(anna, stage.form());
         REQUIRE(stage.say(stage.yes({one, one})));
         return stage.say(stage.yes({one}));
     },
     "anna has signed this already; 1 of 2 have", 2},
    {"one of two signs, and then under the other's name",
     [](Stage& stage) {
         REQUIRE(stage.sign(anna));
         return stage.sign({"bert", anna.seed});
     },
     "another key than the one that is listed", 2},
};

/// Two answers under way at the same time; how each ended.
std::pair<Result<void>, Result<void>> both(Stage& stage, Answer one, Answer other) {
    std::vector<Result<void>> ended(2);
    std::size_t ended_count = 0;
    const auto begin = [&](std::size_t index, Answer answer) {
        boost::asio::co_spawn(
            stage.process->context(), stage.process->executor->answer(first, std::move(answer)),
            [&ended, &ended_count, index](std::exception_ptr, Result<void> result) {
                ended[index] = std::move(result);
                ended_count += 1;
            });
    };
    begin(0, std::move(one));
    begin(1, std::move(other));
    REQUIRE(stage.process->clock.run_until([&] { return ended_count == 2; }, 1min));
    return {ended[0], ended[1]};
}

}  // namespace

TEST_CASE("an answer that is no leave is refused, and nothing is done by it") {
    for (const Attack& attack : attacks) {
        CAPTURE(std::string(attack.name));
        Stage stage(attack.quorum);
        const Result<void> refused = attack.by(stage);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().text.contains(attack.refused_with));
        CHECK(stage.asks());
        stage.process->clock.run_for(5s);
        CHECK(stage.effects_count() == 0);
        CHECK_FALSE(stage.machine.has_line("approved by anna"));
        stage.process->clock.wall_ahead = {};
        CHECK(stage.sign(attack.quorum == 1 ? anna : bert));
        CHECK(stage.process->settle());
        CHECK(all_run(stage.machine.world, "v1"));
        CHECK(is_one_effect_per_intent(stage.machine));
    }
}

TEST_CASE("a signed yes is done, stands in the ledger with all that proves it, and replays") {
    Stage stage;
    CHECK(stage.machine.notices.back().ends_with("(a yes has to be signed: add --key FILE)"));
    const std::string form = stage.form();
    CHECK(stage.question()->to_sign->quorum == 1);
    CHECK(stage.sign(anna));
    CHECK(stage.machine.has_line("approved by anna"));  // Whatever the channel said.
    CHECK(stage.process->settle());
    CHECK(all_run(stage.machine.world, "v1"));
    const AnsweredBody body = approved_body(stage.machine);
    REQUIRE(body.leave);
    CHECK(text_of(body.leave->form) == form);
    REQUIRE(body.leave->signatures.size() == 1);
    const ApprovalSignature& signature = body.leave->signatures.front();
    CHECK(signature == sign_for_test(anna, form));
    CHECK(is_replayed(stage.machine.disk.groups));
}

TEST_CASE("of two that are needed the first is recorded, and is not leave") {
    Stage stage(2);
    CHECK(stage.sign(anna));
    CHECK(stage.machine.has_line("agreed_in_part by anna"));
    CHECK(stage.question()->to_sign->agreed == std::vector<std::string>{"anna"});
    CHECK(stage.question()->to_sign->quorum == 2);
    stage.process->clock.run_for(5s);
    CHECK(stage.effects_count() == 0);
    CHECK(stage.sign(bert));
    CHECK(stage.machine.has_line("approved by anna, bert"));
    CHECK(stage.process->settle());
    CHECK(all_run(stage.machine.world, "v1"));
    CHECK(approved_body(stage.machine).leave->signatures.size() == 2);
}

TEST_CASE("one of two, and then silence, is no") {
    Stage stage(2);
    CHECK(stage.sign(anna));
    REQUIRE(stage.process->settle_at("stand_by"));
    CHECK(stage.machine.notices.back().contains("silence is no"));
    CHECK(stage.effects_count() == 0);
}

TEST_CASE("a no needs no signature, and ends what others have agreed to in part") {
    Stage stage(2);
    CHECK(stage.sign(anna));
    CHECK(stage.deny());
    REQUIRE(stage.process->settle_at("stand_by"));
    CHECK(stage.machine.has_line("denied by carol"));
    CHECK(stage.effects_count() == 0);
}

TEST_CASE("two who sign at the same moment are two, and one question is answered once") {
    SUBCASE("both are needed") {
        Stage stage(2);
        const auto [one, other] = both(stage, stage.yes({sign_for_test(anna, stage.form())}),
                                       stage.yes({sign_for_test(bert, stage.form())}));
        CHECK(one);
        CHECK(other);
        CHECK(stage.process->settle());
        CHECK(all_run(stage.machine.world, "v1"));
        CHECK(stage.lines_count("approved by anna, bert") == 1);
        CHECK(is_one_effect_per_intent(stage.machine));
    }
    SUBCASE("one is enough") {
        Stage stage;
        const auto [one, other] = both(stage, stage.yes({sign_for_test(anna, stage.form())}),
                                       stage.yes({sign_for_test(bert, stage.form())}));
        CHECK(one.has_value() != other.has_value());
        CHECK(stage.process->settle());
        CHECK(is_one_effect_per_intent(stage.machine));
        const std::vector<std::string> story = stage.machine.story();
        CHECK(std::ranges::count_if(story, [](const std::string& line) {
                  return line.starts_with("approved by ");
              }) == 1);
    }
    SUBCASE("one says no") {
        Stage stage;
        const auto [yes, no] = both(stage, stage.yes({sign_for_test(anna, stage.form())}),
                                    {AnswerKind::denied, stage.question()->id, "carol", "no"});
        CHECK(yes.has_value() != no.has_value());
        stage.process->clock.run_for(30s);
        CHECK((stage.effects_count() == 0) == no.has_value());
    }
}

TEST_CASE(
    "a part of a yes that cannot be recorded does not count; what is enough can be said again") {
    Stage stage(2);
    stage.machine.disk.full_at = 0;
    const Result<void> full = stage.sign(anna);
    REQUIRE_FALSE(full);
    CHECK(full.error().fault == Fault::full);
    CHECK(stage.question()->to_sign->agreed.empty());
    stage.machine.disk.full_at.reset();
    stage.process->clock.run_for(5s);
    CHECK(stage.sign(anna));
    stage.machine.disk.full_at = 0;
    const Result<void> late = stage.sign(bert);
    REQUIRE_FALSE(late);
    CHECK(late.error().fault == Fault::full);
    CHECK(stage.effects_count() == 0);
    stage.machine.disk.full_at.reset();
    stage.process->clock.run_for(5s);
    CHECK(stage.sign(bert));
    CHECK(stage.process->settle());
    CHECK(all_run(stage.machine.world, "v1"));
}

TEST_CASE("a restart asks again: what was signed in part before counts no more") {
    Stage stage(2);
    CHECK(stage.sign(anna));
    stage.restart();
    CHECK(stage.question()->to_sign->agreed.empty());
    CHECK(stage.sign(bert));
    stage.process->clock.run_for(5s);
    CHECK(stage.effects_count() == 0);
    CHECK(stage.sign(anna));
    CHECK(stage.process->settle());
    CHECK(all_run(stage.machine.world, "v1"));
}

}  // namespace homeostat::heal
