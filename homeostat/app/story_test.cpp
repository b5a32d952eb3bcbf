#include "homeostat/app/story.hpp"

#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

Instant at_ms(std::int64_t ms) {
    return Instant{std::chrono::milliseconds{ms}};
}

template <class Body>
EntryGroup group_of(std::int64_t ms, EntryKind kind, const Body& body) {
    EntryGroup group;
    group.at = at_ms(ms);
    group.wall_at = WallTime{std::chrono::milliseconds{1'700'000'000'000 + ms}};
    group.entries.push_back({kind, IncidentId("i-1"), to_json(body)});
    return group;
}

Proposal bad_deploy() {
    Proposal proposal;
    proposal.service = ServiceId("payments");
    proposal.symptom = {SymptomKind::errors,
                        {SubjectKind::service, "payments"},
                        Observer::edge,
                        0.31,
                        0.01,
                        at_ms(1'000),
                        at_ms(3'000)};
    proposal.diagnosis.causes.push_back({CauseKind::bad_deploy, 0.86, "v2 is 4 s old"});
    proposal.diagnosis.evidence.lines = {"errors 31 % since 2 s"};
    const Remedy rollback = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
    proposal.menu.items = {{rollback, 0.8, "the version brought the fault"}};
    proposal.choice.remedy = rollback;
    proposal.choice.model_answer = ModelAnswer::late;
    proposal.choice.model_trouble = "no answer in 100 ms";
    proposal.judging_took = std::chrono::milliseconds{101};
    return proposal;
}

std::vector<EntryGroup> healed() {
    const Remedy rollback = bad_deploy().choice.remedy;
    const Step step = SwapVersion{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
    IntentBody intent;
    intent.effect = EffectId("i-1.e1");
    intent.remedy = rollback;
    intent.step = step;
    intent.serving_count = 3;
    Proof proof;
    proof.kind = ProofKind::helped;
    proof.strength = ProofStrength::strong;
    proof.observers = {Observer::journey};
    proof.samples_count = 24;
    proof.good_ratio = 1.0;
    return {
        group_of(3'100, EntryKind::opened, bad_deploy()),
        group_of(3'120, EntryKind::verdict,
                 VerdictBody{rollback, std::nullopt, {VerdictKind::permit, "all rules", "", {}}}),
        group_of(3'130, EntryKind::intent, intent),
        group_of(3'150, EntryKind::outcome,
                 OutcomeBody{EffectId("i-1.e1"), {OutcomeKind::done, "v1 is current"}, false}),
        group_of(6'000, EntryKind::proof, ProofBody{rollback, proof}),
        group_of(6'010, EntryKind::closed, ClosedBody{CloseKind::healed, {rollback}})};
}

}  // namespace

TEST_CASE("the story of a healed incident says what was wrong, what was done and that it helped") {
    const Result<std::string> story = explain(healed(), IncidentId("i-1"));
    REQUIRE(story);
    CAPTURE(*story);
    for (const char* sentence :
         {"Incident i-1 of payments: errors on payments", "state     healed, closed 2.9 s after",
          "done      rollback", "31.0 % of requests failed (limit 1.0 %)", "0.86 bad_deploy",
          "errors 31 % since 2 s", "rollback payments from v2 to v1",
          "model: late (no answer in 100 ms)", "verdict   permit", "intent    i-1.e1",
          "outcome   i-1.e1 done: v1 is current", "100.0 % of 24 samples good, by journey",
          "closed    healed", "+0.030 s"}) {
        CAPTURE(sentence);
        CHECK(story->find(sentence) != std::string::npos);
    }
}

TEST_CASE("the story shows what the model answered, and by what and about what it was asked") {
    Proposal proposal = bad_deploy();
    Ranking ranking{.kinds = {{RemedyKind::rollback, -0.25, -0.5}},
                    .model = "gemma sha256:1234",
                    .prompt_digest = std::string(64, 'a'),
                    .evidence_digest = adapters::llm::digest_of(proposal.diagnosis.evidence)};
    proposal.choice.ranking = ranking;
    proposal.choice.calibration_digest = std::string(64, 'c');
    proposal.choice.scores = {{proposal.choice.remedy, 0.8, -0.125}};
    const auto told = [](const Proposal& made) {
        return explain({group_of(0, EntryKind::opened, made)}, IncidentId("i-1")).value();
    };
    const std::string story = told(proposal);
    CAPTURE(story);
    for (const char* sentence :
         {"1 lines, digest ", "score -0.125 rollback payments from v2 to v1 (prior 0.80)",
          "answer rollback: log p -0.250, -0.500 on no evidence", "asked gemma sha256:1234",
          "prompt aaaaaaaaaaaa…, calibration cccccccccccc…, about the evidence above"}) {
        CAPTURE(sentence);
        CHECK(story.contains(sentence));
    }
    proposal.diagnosis.evidence.lines.push_back("a line that the model never read");
    CHECK(told(proposal).contains("about OTHER evidence than above: "));
    proposal.choice.ranking->evidence_digest.clear();
    proposal.choice.calibration_digest.clear();
    CHECK(told(proposal).contains("calibration none, about evidence without a recorded digest"));
}

TEST_CASE("the story says in a line what the operator's notes changed, or why nothing") {
    Proposal proposal = bad_deploy();
    proposal.choice.ranking = Ranking{.kinds = {{RemedyKind::rollback, -0.25, -0.5}}};
    const auto told = [&] {
        return explain({group_of(0, EntryKind::opened, proposal)}, IncidentId("i-1")).value();
    };
    CHECK_FALSE(told().contains("notes"));
    NotesWord& notes = proposal.choice.notes.emplace();
    notes.lambda = 1.5;
    notes.without = Ranking{.kinds = {{RemedyKind::rollback, -2.5, -0.5}}};
    CHECK(told().contains("notes: the choice is the same without them, weight 1.5\n"));
    CHECK(told().contains("answer rollback: log p -0.250, -2.500 without notes, -0.500 on no"));
    notes.instead_of = Observe{};
    CHECK(told().contains("notes: without them it would be observe, weight 1.5\n"));
    notes = {.lambda = 0, .trouble = "no answer\x1b by the deadline"};
    CHECK(
        told().contains("notes: change nothing; not told without them (no answer\\x1b by the "
                        "deadline)\n"));
}

TEST_CASE("the story says of a choice that is held back by what, and else nothing of it") {
    Proposal proposal = bad_deploy();
    const auto told = [&] {
        return explain({group_of(0, EntryKind::opened, proposal)}, IncidentId("i-1")).value();
    };
    CHECK_FALSE(told().contains("held back"));
    proposal.choice.held_back = HoldBack{HeldBackBy::bar, 0.875};
    CHECK(
        told().contains("held back: rollback is done without a person from a confidence of 0.875 "
                        "on, by the calibration's bar\n"));
    proposal.choice.held_back = HoldBack{.by = HeldBackBy::no_bar};
    CHECK(told().contains("held back: the calibration has no bar for rollback"));
    proposal.choice.held_back = HoldBack{.by = HeldBackBy::uncalibrated};
    CHECK(told().contains("held back: uncalibrated; "));
}

TEST_CASE("the story says whom the letters of the evidence stand for, and what was measured") {
    Proposal proposal = bad_deploy();
    const auto told = [](const Proposal& made) {
        return explain({group_of(0, EntryKind::opened, made)}, IncidentId("i-1")).value();
    };
    CHECK_FALSE(told(proposal).contains("A = "));
    proposal.diagnosis.measured = {"payments-1 does not answer its probe"};
    proposal.diagnosis.names = {"fraud", "pay\x1bments"};
    const std::string story = told(proposal);
    CAPTURE(story);
    CHECK(story.contains("measured  payments-1 does not answer its probe\n"));
    CHECK(story.contains("A = fraud, B = pay\\x1bments\n"));
    proposal.diagnosis.names.assign(10'000, "x");
    CHECK(told(proposal).contains("A = x, B = x, C = x, D = x\n"));
}

TEST_CASE("an opened entry of an older program, without names, is still read") {
    json::value body = to_json(bad_deploy());
    json::object& diagnosis = body.as_object()["diagnosis"].as_object();
    CHECK(diagnosis.erase("names") == 1);
    CHECK(diagnosis.erase("measured") == 1);
    CHECK_FALSE(body.as_object()["choice"].as_object().contains("notes"));
    const Result<Proposal> read = from_json<Proposal>(body);
    REQUIRE(read);
    CHECK(*read == bad_deploy());
}

TEST_CASE("the story shows of each rule whether it agreed, and on what guard decided") {
    VerdictBody body{bad_deploy().choice.remedy,
                     std::nullopt,
                     {VerdictKind::refusal, "rule two", "3 > 2", {}, {"rule one"}, {"rule three"}}};
    body.grounds = Grounds{};
    body.grounds->asked_at = at_ms(12);
    body.grounds->facts.read_at = at_ms(10);
    const std::string story = explain({group_of(0, EntryKind::opened, bad_deploy()),
                                       group_of(20, EntryKind::verdict, body)},
                                      IncidentId("i-1"))
                                  .value();
    CAPTURE(story);
    CHECK(
        story.contains("verdict   refusal for rollback payments from v2 to v1: rule two — 3 > 2"));
    CHECK(story.contains("agrees    rule one\n"));
    CHECK(story.contains("OBJECTS   rule two\n"));
    CHECK(story.contains("not asked rule three\n"));
    body.verdict.agreed.clear();
    const std::string first = explain({group_of(0, EntryKind::opened, bad_deploy()),
                                       group_of(20, EntryKind::verdict, body)},
                                      IncidentId("i-1"))
                                  .value();
    CHECK(first.contains("OBJECTS   rule two\n"));
    CHECK(story.contains("on INCOMPLETE facts 2 ms old: 0 of 0 serve, the switch is ENGAGED"));
}

TEST_CASE("the story names whoever said something in an incident, whatever kind of entry it is") {
    const std::string story =
        explain({group_of(0, EntryKind::opened, bad_deploy()),
                 group_of(5, EntryKind::resumed, SwitchBody{"ann\x1b", "I have looked"})},
                IncidentId("i-1"))
            .value();
    CHECK(story.contains("resumed   by ann\\x1b: I have looked\n"));
}

TEST_CASE("the story names the changes before it, as they came to be known, and no others") {
    const auto change_at = [](std::int64_t ms, const std::string& service) {
        Change change;
        change.service = ServiceId(service);
        change.to = VersionId("v7");
        change.at = at_ms(ms);
        return change;
    };
    Change told = change_at(700'000, "fraud");
    told.from = VersionId("v6");
    told.reference = "release-118";
    Change seen = change_at(880'000, "payments");
    seen.is_first_hand = true;
    Change ours = seen;
    ours.is_ours = true;
    Proposal proposal = bad_deploy();
    proposal.symptom.began_at = at_ms(1'000'000);
    std::vector<EntryGroup> groups{
        group_of(0, EntryKind::change, change_at(900'000, "of-another-boot")),
        group_of(399'000, EntryKind::change, change_at(399'000, "too-old")),
        group_of(700'000, EntryKind::change, told),
        group_of(880'000, EntryKind::change, seen),
        group_of(880'001, EntryKind::change, ours),
        group_of(1'002'000, EntryKind::opened, proposal),
        group_of(1'003'000, EntryKind::change, change_at(1'003'000, "too-late"))};
    groups.front().boot_id = "an earlier one";
    const Result<std::string> story = explain(groups, IncidentId("i-1"));
    REQUIRE(story);
    CAPTURE(*story);
    CHECK(story->contains(
        "  changes   told 5 min before it began: deploy of fraud from v6 to v7 (release-118)\n"
        "            seen 120 s before it began: deploy of payments to v7\n"
        "            ours 120 s before it began: deploy of payments to v7\n\n"));
    for (const char* other : {"of-another-boot", "too-old", "too-late"}) {
        CHECK_FALSE(story->contains(other));
    }
    const Result<json::value> document = explain_json(groups, IncidentId("i-1"));
    REQUIRE(document);
    CHECK(document->at("changes").as_array().size() == 3);
    CHECK(document->at("changes").at(0).at("source").as_string() == "told");
}

TEST_CASE("of many changes before it the story names the last five") {
    std::vector<EntryGroup> groups;
    for (std::int64_t index = 0; index < 7; ++index) {
        Change change;
        change.kind = ChangeKind::flag;
        change.service = ServiceId("flag-" + std::to_string(index));
        change.at = at_ms(index);
        groups.push_back(group_of(index, EntryKind::change, change));
    }
    groups.push_back(group_of(3'100, EntryKind::opened, bad_deploy()));
    const Result<std::string> story = explain(groups, IncidentId("i-1"));
    REQUIRE(story);
    CHECK_FALSE(story->contains("flag-1"));
    CHECK(story->contains("flag-2"));
    CHECK(story->contains("flag-6"));
}

TEST_CASE("the story of a rolled back configuration says that it is the configuration") {
    std::vector<EntryGroup> groups = healed();
    const Remedy remedy =
        Rollback{ServiceId("payments"), VersionId("c2"), VersionId("c1"), Artifact::config};
    Proposal proposal = bad_deploy();
    proposal.diagnosis.causes = {{CauseKind::bad_config, 0.86, "c2 is 4 s old"}};
    proposal.choice.remedy = remedy;
    groups[0] = group_of(3'100, EntryKind::opened, proposal);
    IntentBody intent;
    intent.effect = EffectId("i-1.e1");
    intent.remedy = remedy;
    intent.step =
        SwapVersion{ServiceId("payments"), VersionId("c2"), VersionId("c1"), Artifact::config};
    groups[2] = group_of(3'130, EntryKind::intent, intent);
    const Result<std::string> story = explain(groups, IncidentId("i-1"));
    REQUIRE(story);
    CAPTURE(*story);
    for (const char* sentence :
         {"0.86 bad_config", "choice    rollback the configuration of payments from c2 to c1",
          "swap_version of the configuration of payments from c2 to c1"}) {
        CAPTURE(sentence);
        CHECK(story->find(sentence) != std::string::npos);
    }
}

TEST_CASE("a summary holds the remedies that had an effect and the times of the demo's contract") {
    const std::vector<IncidentSummary> all = summaries(healed());
    REQUIRE(all.size() == 1);
    CHECK(all[0].state == "healed");
    CHECK(all[0].remedies == std::vector<std::string>{"rollback"});
    CHECK(all[0].noticed_at == at_ms(3'000));
    CHECK(*all[0].first_intent_at == at_ms(3'130));
    CHECK(*all[0].last_outcome_at == at_ms(3'150));
    CHECK(*all[0].closed_at == at_ms(6'010));
    CHECK_FALSE(all[0].model_took);
}

TEST_CASE("an incident that was handed to a person stays escalated after it is closed") {
    std::vector<EntryGroup> groups{
        group_of(3'100, EntryKind::opened, bad_deploy()),
        group_of(3'200, EntryKind::escalated, EscalatedBody{"two remedies did not help"})};
    CHECK(summaries(groups)[0].state == "escalated");
    CHECK(explain(groups, IncidentId("i-1"))->find("you       are needed") != std::string::npos);
    groups.push_back(group_of(9'000, EntryKind::closed, ClosedBody{CloseKind::passed, {}}));
    CHECK(summaries(groups)[0].state == "escalated");
}

TEST_CASE("an unknown incident is refused with those that there are") {
    const Result<std::string> story = explain(healed(), IncidentId("i-9"));
    REQUIRE_FALSE(story);
    CHECK(story.error().text == "there is no incident i-9; the ledger has: i-1");
}

TEST_CASE("an entry that cannot be read is told of and hides no other") {
    std::vector<EntryGroup> groups = healed();
    groups[2].entries[0].body = json::object{{"effect", 5}};
    const Result<std::string> story = explain(groups, IncidentId("i-1"));
    REQUIRE(story);
    CHECK(story->find("an entry that this version cannot read") != std::string::npos);
    CHECK(story->find("closed    healed") != std::string::npos);
}

TEST_CASE(
    "what is shown is UTF-8 that reads from left to right, whatever it was and where it is cut") {
    CHECK(plain("\u202etxt.exe") == "\\xe2\\x80\\xaetxt.exe");
    CHECK(plain("longer than three", 3) == "lon…");
    CHECK(plain("one\u2028two") == "one\\xe2\\x80\\xa8two");
    for (const std::string broken : {"\x9b", "\xff", "\xc0\xaf", "\xe2\x80", "\xed\xa0\x80",
                                     "\xf5\x80\x80\x80", "\xf0\x80\x80\xaf"}) {
        const std::string shown = plain(broken);
        CAPTURE(shown);
        CHECK(shown.size() == broken.size() * 4);
    }
    CHECK(plain(std::string(399, 'x') + "é") == std::string(399, 'x') + "…");
    CHECK(plain(std::string(398, 'x') + "é") == std::string(398, 'x') + "é");
}

TEST_CASE("nothing that a ledger holds can move a terminal's cursor") {
    CHECK(plain("a\x1b[31mb\r\n\x07\x7f") == "a\\x1b[31mb\\x0d\\x0a\\x07\\x7f");
    CHECK(plain("\xc2\x9b"
                "2J") ==
          "\\xc2\\x9b"
          "2J");
    CHECK(plain("grün – gut 😀") == "grün – gut 😀");
    CHECK(plain(std::string(10'000, 'x')).size() < 500);
    Proposal hostile = bad_deploy();
    hostile.diagnosis.evidence.lines = {"\x1b]0;owned\x07"};
    hostile.symptom.subject.name = "pay\x1b[2Jments";
    const Result<std::string> story =
        explain({group_of(0, EntryKind::opened, hostile)}, IncidentId("i-1"));
    REQUIRE(story);
    CHECK(story->find('\x1b') == std::string::npos);
    CHECK(story->find('\x07') == std::string::npos);
}

}  // namespace homeostat::app
