#include "homeostat/app/matter.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/console/link_token.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/heal/question.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace homeostat::app {

namespace {

constexpr WallTime noon{std::chrono::milliseconds{1'796'000'000'000}};

const Remedy restart = Restart{InstanceId("rates-0")};

Proposal proposal_for_test(const Remedy& remedy = restart) {
    Proposal proposal;
    proposal.service = ServiceId("rates");
    proposal.symptom = {.kind = SymptomKind::instance_down,
                        .subject = {SubjectKind::instance, "rates-0"},
                        .value = 1};
    proposal.diagnosis.causes = {{CauseKind::instance_crash, 0.9, "its process ended"}};
    proposal.diagnosis.measured = {"rates-0 ended 2 s ago"};
    proposal.menu.items = {{remedy, 0.8, "it is down"}, {Observe{}, 0.2, ""}};
    proposal.choice.remedy = remedy;
    return proposal;
}

Facts facts_for_test() {
    Facts facts;
    facts.is_complete = true;
    for (const char* name : {"rates-0", "rates-1", "rates-2"}) {
        InstanceFacts instance;
        instance.runtime.instance = InstanceId(name);
        instance.runtime.is_alive = instance.runtime.is_answering = std::string(name) != "rates-0";
        instance.runtime.version = VersionId(std::string(name) == "rates-2" ? "v1" : "v2");
        facts.instances.push_back(instance);
    }
    return facts;
}

heal::IncidentView view_for_test() {
    heal::IncidentView view;
    view.incident = IncidentId("i-1");
    view.node = "ask";
    view.question = heal::QuestionView{.id = "5f0c",
                                       .text = "i-1: may I restart rates-0?",
                                       .preconditions = {.version = VersionId("v2")}};
    return view;
}

std::optional<console::Matter> matter(const heal::IncidentView& view, const Proposal& proposal) {
    return matter_of(view, proposal, facts_for_test(), {.min_healthy = 1}, noon);
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
    return std::ranges::find(lines, line) != lines.end();
}

std::vector<std::string> touched_by(const Remedy& remedy) {
    return touches_of(remedy, facts_for_test(), {.min_healthy = 2});
}

EntryGroup group_of(EntryKind kind, json::value body) {
    return {.entries = {{kind, IncidentId("i-1"), std::move(body)}}};
}

}  // namespace

TEST_CASE("a person is shown what is asked, for which bytes, and what it touches") {
    const std::optional<console::Matter> shown = matter(view_for_test(), proposal_for_test());
    REQUIRE(shown);
    CHECK(shown->asks == "May I restart rates-0?");
    CHECK(shown->symptom == "instance_down on rates-0: its process has ended");
    CHECK(shown->exactly ==
          to_text(to_json(heal::Question{restart, {.version = VersionId("v2")}})));
    CHECK(shown->exactly.contains(R"("kind":"restart","instance":"rates-0")"));
    CHECK(has(shown->touches, "1 of 3 instances: rates-0."));
    CHECK(has(shown->causes, "instance_crash (weight 0.90): its process ended"));
    CHECK(has(shown->measured, "rates-0 ended 2 s ago"));
    REQUIRE(shown->options.size() == 2);
    CHECK(shown->options.front().is_asked_for);
    CHECK_FALSE(shown->options.back().is_asked_for);
    CHECK(shown->takes_yes);
    CHECK(shown->until == noon);
}

TEST_CASE("another proposal than the one that is asked about shows nothing") {
    CHECK_FALSE(matter(view_for_test(), proposal_for_test(Restart{InstanceId("rates-1")})));
    heal::IncidentView silent = view_for_test();
    silent.question.reset();
    CHECK_FALSE(matter(silent, proposal_for_test()));
}

TEST_CASE("where a yes has to be signed, the form and the command are shown") {
    heal::IncidentView view = view_for_test();
    view.question->to_sign = heal::ToSignView{.text = "the form", .quorum = 2, .agreed = {"bert"}};
    const std::optional<console::Matter> shown = matter(view, proposal_for_test());
    REQUIRE(shown);
    CHECK_FALSE(shown->takes_yes);
    CHECK(shown->exactly == "the form");
    CHECK(shown->command.contains("homeostat approve i-1 --question 5f0c --key"));
    CHECK(shown->signers_needed == 2);
    CHECK(shown->signers == std::vector<std::string>{"bert"});
    CHECK(asks_notice(*shown, noon).advice.contains("A link alone can only say no"));
}

TEST_CASE("the blast radius names what each remedy touches, and what takes it back") {
    const std::string floor = "2 of 3 instances serve now; the floor is 2 (guard.min_healthy).";
    struct Case {
        Remedy remedy;
        const char* touches;
        const char* inverse;
    };
    const ServiceId rates("rates");
    for (const auto& [remedy, touches, inverse] :
         {Case{restart, "1 of 3 instances: rates-0.", "It cannot be taken back."},
          Case{Eject{InstanceId("rates-1")}, "1 of 3 instances: rates-1.",
               "It is for a time only: readmit rates-1 takes it back by itself."},
          Case{RollingRestart{rates},
               "3 of 3 instances: rates-0, rates-1, rates-2, one after the other.",
               "It cannot be taken back."},
          Case{Rollback{rates, VersionId("v2"), VersionId("v1")},
               "2 of 3 instances: rates-0, rates-1, one after the other.",
               "It can be taken back: rollback rates from v1 to v2."},
          Case{Scale{rates, 3, 4}, "rates runs 4 instances instead of 3.",
               "It is for a time only: scale rates from 4 to 3 takes it back by itself."},
          Case{OpenCircuit{ServiceId("fraud")},
               "All calls to fraud get the declared fallback while it is in force.",
               "It is for a time only: close_circuit of fraud takes it back by itself."},
          Case{InvalidateCache{CacheId("quotes")},
               "The declared keys of the cache quotes are dropped.", "It cannot be taken back."}}) {
        const std::vector<std::string> lines = touched_by(remedy);
        CAPTURE(describe(remedy));
        CAPTURE(lines.back());
        CHECK(has(lines, touches));
        CHECK(has(lines, floor));
        CHECK(has(lines, inverse));
    }
}

TEST_CASE("the same thing told again has the same id, and another one another") {
    const console::Matter shown = *matter(view_for_test(), proposal_for_test());
    const console::Notice notice = asks_notice(shown, noon);
    CHECK(notice.id == asks_notice(shown, noon + std::chrono::hours{1}).id);
    console::Matter other = shown;
    other.question = "5f0d";
    CHECK(notice.id != asks_notice(other, noon).id);
    heal::IncidentView view = view_for_test();
    view.trouble = "two remedies did not help";
    const console::Notice handed_over = needs_person_notice(ServiceId("rates"), view, false, noon);
    view.trouble = "anna said no";
    CHECK(handed_over.id != needs_person_notice(ServiceId("rates"), view, false, noon).id);
    CHECK(handed_over.text == "a person is needed: two remedies did not help");
}

TEST_CASE("a notice of what was done says how it is taken back and until when, once for each") {
    heal::UndoableView view{.incident = IncidentId("i-1"), .remedy = restart, .is_held = false};
    const WallTime until = noon + std::chrono::minutes{30};
    const console::Notice done = acted_notice(ServiceId("rates"), view, until, noon, false);
    CHECK(done.kind == console::NoticeKind::acted);
    CHECK(done.text.ends_with(": it helped"));
    CHECK(done.advice == "To take it back, on the machine: homeostat undo i-1");
    CHECK(done.until == until);
    CHECK(done.question.empty());
    CHECK(acted_notice(ServiceId("rates"), view, until, until, false).id == done.id);
    CHECK(acted_notice(ServiceId("rates"), view, until, noon, true)
              .advice.contains("homeostat undo i-1 --key FILE"));
    view.is_held = true;
    const console::Notice held = acted_notice(ServiceId("rates"), view, until, noon, true);
    CHECK(held.text.ends_with("in force for now"));
    CHECK_FALSE(held.advice.contains("--key"));  // What is held is given back on a word.
    CHECK(held.id != done.id);
    CHECK(body_of(done, console::Shape::slack).contains("It may be taken back until "));
    CHECK_FALSE(body_of(done, console::Shape::slack).contains("Silence"));
    CHECK(body_of(done, console::Shape::json).contains("homeostat.notice.acted"));
}

TEST_CASE("the link of a notice and the page behind it name the same act, and no other") {
    const heal::UndoableView view{
        .incident = IncidentId("i-7"),
        .remedy = Rollback{ServiceId("rates"), VersionId("v2"), VersionId("v1")},
        .is_held = false};
    const WallTime until = noon + std::chrono::minutes{30};
    const console::UndoMatter matter =
        undo_matter(ServiceId("rates"), view, {"3 of 3"}, until, false);
    CHECK(acted_notice(ServiceId("rates"), view, until, noon, false).answers == matter.act);
    CHECK(is_plain_name(matter.act));
    CHECK(console::is_for_undo({.incident = {}, .question = matter.act, .person = {}}));
    CHECK(matter.did == "rollback rates from v2 to v1");
    CHECK(matter.undoes == "rollback rates from v1 to v2");
    CHECK(matter.takes_it);
    heal::UndoableView other = view;
    other.is_held = true;
    CHECK(undo_matter(ServiceId("rates"), other, {}, until, false).act != matter.act);
    other = view;
    other.remedy = Eject{InstanceId("rates-0")};
    CHECK(undo_matter(ServiceId("rates"), other, {}, until, false).act != matter.act);
    const console::UndoMatter to_sign = undo_matter(ServiceId("rates"), view, {}, until, true);
    CHECK_FALSE(to_sign.takes_it);
    CHECK(to_sign.command == "homeostat undo i-7 --key YOUR.key");
    // A question's id never reads as an act.
    CHECK_FALSE(
        console::is_for_undo({.incident = {}, .question = "5f0c2b9e1d3a4477", .person = {}}));
}

TEST_CASE("the ledger tells what is open, who has answered, and what was closed") {
    OpenCases cases;
    const IncidentId incident("i-1");
    CHECK_FALSE(cases.proposal_of(incident));
    cases.learn(group_of(EntryKind::opened, to_json(proposal_for_test())));
    REQUIRE(cases.proposal_of(incident));
    CHECK(cases.proposal_of(incident)->choice.remedy == restart);
    cases.learn(group_of(EntryKind::proposed, to_json(proposal_for_test(Observe{}))));
    CHECK(cases.proposal_of(incident)->choice.remedy == Remedy(Observe{}));

    AnsweredBody answered{.question = "5f0c", .remedy = restart, .says = PersonSays::approved};
    answered.by = "anna";
    cases.learn(group_of(EntryKind::answered, to_json(answered)));
    REQUIRE(cases.answer_to("5f0c"));
    CHECK(cases.answer_to("5f0c")->by == "anna");
    CHECK(cases.answer_to("5f0c")->says == PersonSays::approved);
    CHECK_FALSE(cases.answer_to("5f0d"));

    cases.learn(group_of(EntryKind::escalated,
                         to_json(EscalatedBody{.because = "x", .is_told_already = true})));
    CHECK(cases.call_of(incident) == 0);
    cases.learn(group_of(EntryKind::closed, to_json(ClosedBody{CloseKind::healed, {restart}})));
    CHECK_FALSE(cases.proposal_of(incident));
    CHECK(cases.call_of(incident) == 0);
    const std::vector<ClosedCase> closed = cases.take_closed();
    REQUIRE(closed.size() == 1);
    CHECK(closed_notice(ServiceId("rates"), closed.front(), noon).text ==
          "over: a remedy helped, and that is proven");
    CHECK(cases.take_closed().empty());
}

TEST_CASE("a person is called by an entry that says so, until something is proposed anew") {
    OpenCases cases;
    const IncidentId incident("i-1");
    const auto escalate = [&](bool is_told_already) {
        cases.learn(
            group_of(EntryKind::escalated,
                     to_json(EscalatedBody{.because = "x", .is_told_already = is_told_already})));
    };
    cases.learn(group_of(EntryKind::opened, to_json(proposal_for_test())));
    escalate(true);
    CHECK(cases.call_of(incident) == 0);
    escalate(false);
    const std::uint64_t first = cases.call_of(incident);
    CHECK(first != 0);
    escalate(true);  // A give-back that fails again.
    CHECK(cases.call_of(incident) == first);
    cases.learn(group_of(EntryKind::proposed, to_json(proposal_for_test())));
    CHECK(cases.call_of(incident) == 0);
    escalate(false);
    CHECK(cases.call_of(incident) > first);
}

TEST_CASE("a person is told of each call once, wherever the incident rests, and of no other text") {
    heal::IncidentView view = view_for_test();
    view.question.reset();
    view.trouble = "refused (x); judged again in 60 s";
    ToldOfIncident told;
    CHECK_FALSE(told.is_any());
    for (const char* node : {"stand_by", "hold"}) {
        view.node = node;
        CHECK_FALSE(is_newly_needed(view, 0, told));  // They were told shortly before.
        CHECK(is_newly_needed(view, 1, told));
    }
    told.trouble = view.trouble;
    told.call = 1;
    CHECK(told.is_any());
    CHECK(is_newly_needed(view, 2, told));  // The same text, ten minutes later.
    view.trouble = "refused (x); judged again in 120 s";
    CHECK_FALSE(is_newly_needed(view, 1, told));
    CHECK(is_newly_needed(view, std::nullopt, told));  // Nothing can be recorded: the text decides.
    view.node = "act";
    CHECK_FALSE(is_newly_needed(view, 2, told));
}

TEST_CASE("who is needed is told the command that is not refused where the incident rests") {
    heal::IncidentView view = view_for_test();
    view.trouble = "it is not well";
    const auto advice = [&](const char* node, bool may_undo) {
        view.node = node;
        return needs_person_notice(ServiceId("rates"), view, may_undo, noon).advice;
    };
    CHECK(advice("stand_by", false).contains("homeostat close i-1 once it is over"));
    CHECK(advice("hold", true).contains("homeostat undo i-1 gives back what it holds"));
    CHECK_FALSE(advice("hold", true).contains("homeostat close"));
    CHECK(advice("hold", false) == "homeostat explain i-1 says all of it");
}

TEST_CASE("of a rollout that stands nobody is told that it helped, or that a clock ends it") {
    const heal::UndoableView view{.incident = IncidentId("i-1"),
                                  .remedy = PauseRollout{ServiceId("rates"), VersionId("v2")},
                                  .is_held = true};
    const std::string text = acted_notice(ServiceId("rates"), view, noon, noon, false).text;
    CHECK(text.ends_with("heals nothing by itself"));
    CHECK_FALSE(text.contains("helped"));
    CHECK_FALSE(undo_matter(ServiceId("rates"), view, {}, noon, false).ends_by_clock);
    CHECK(has(touched_by(view.remedy),
              "It stands until it is seen to be well, or somebody lets it go on: " +
                  describe(*inverse_of(view.remedy)) + "."));
    heal::UndoableView ejected = view;
    ejected.remedy = Eject{InstanceId("rates-0")};
    CHECK(undo_matter(ServiceId("rates"), ejected, {}, noon, false).ends_by_clock);
}

TEST_CASE("of what was closed people are owed word where they were called, or asked") {
    const auto is_owed = [](const std::vector<EntryGroup>& before) {
        OpenCases cases;
        cases.learn(group_of(EntryKind::opened, to_json(proposal_for_test())));
        std::ranges::for_each(before, [&](const EntryGroup& group) { cases.learn(group); });
        cases.learn(group_of(EntryKind::proposed, to_json(proposal_for_test())));
        cases.learn(group_of(EntryKind::closed, to_json(ClosedBody{})));
        cases.forget_what_is_owed_to_nobody();
        return !cases.take_closed().empty();
    };
    const auto judged = [](VerdictKind kind, std::optional<Step> step) {
        VerdictBody body{.remedy = restart, .step = std::move(step), .verdict = {}};
        body.verdict.kind = kind;
        return group_of(EntryKind::verdict, to_json(body));
    };
    const auto called = [](bool is_told_already) {
        return group_of(EntryKind::escalated,
                        to_json(EscalatedBody{.because = "x", .is_told_already = is_told_already}));
    };
    CHECK_FALSE(is_owed({}));
    CHECK_FALSE(is_owed({called(true)}));
    CHECK(is_owed({called(false)}));
    CHECK_FALSE(is_owed({judged(VerdictKind::permit, {})}));
    CHECK_FALSE(is_owed({judged(VerdictKind::question, Step{})}));
    CHECK(is_owed({judged(VerdictKind::question, {})}));
}

TEST_CASE("what is kept of a long past is bounded") {
    OpenCases cases;
    for (int number = 0; number < 1'000; ++number) {
        AnsweredBody answered{.question = std::to_string(number), .remedy = restart};
        cases.learn(group_of(EntryKind::answered, to_json(answered)));
        cases.learn(group_of(EntryKind::closed, to_json(ClosedBody{})));
    }
    CHECK_FALSE(cases.answer_to("0"));
    CHECK(cases.answer_to("999"));
    CHECK(cases.take_closed().size() == closed_cases_max);
}

}  // namespace homeostat::app
