#include "homeostat/app/evidence_pack.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

const Remedy rollback = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
const Remedy rolling = RollingRestart{ServiceId("payments")};

template <class Body>
EntryGroup group_of(EntryKind kind, const Body& body) {
    EntryGroup group;
    group.entries.push_back({kind, IncidentId("i-1"), to_json(body)});
    return group;
}

EntryGroup opened() {
    Proposal proposal;
    proposal.service = ServiceId("payments");
    proposal.symptom.kind = SymptomKind::errors;
    proposal.symptom.subject = {SubjectKind::service, "payments"};
    proposal.symptom.value = 0.31;
    proposal.diagnosis.causes.push_back({CauseKind::bad_deploy, 0.86, "v2 is 4 s old"});
    proposal.menu.items = {{rollback, 0.8, ""}, {rolling, 0.1, ""}, {Observe{}, 0.1, ""}};
    proposal.choice.remedy = rollback;
    return group_of(EntryKind::opened, proposal);
}

EntryGroup intent_of(const char* effect) {
    IntentBody intent;
    intent.effect = EffectId(effect);
    intent.remedy = rollback;
    intent.step = SwapVersion{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
    return group_of(EntryKind::intent, intent);
}

EntryGroup outcome_of(const char* effect, OutcomeKind kind) {
    return group_of(EntryKind::outcome, OutcomeBody{EffectId(effect), {kind, ""}, false});
}

EntryGroup proof_of(ProofKind kind) {
    ProofBody body;
    body.remedy = rollback;
    body.proof.kind = kind;
    body.proof.because = "2 of 20 samples good";
    return group_of(EntryKind::proof, body);
}

EntryGroup escalated(const std::string& because) {
    return group_of(EntryKind::escalated, EscalatedBody{because});
}

bool advises(const EvidencePack& pack, const std::string& command) {
    return std::ranges::any_of(
        pack.next, [&](const Advice& advice) { return advice.command.starts_with(command); });
}

}  // namespace

TEST_CASE("an escalated incident ends with what was seen, tried, refused, left and to be done") {
    VerdictBody refusal;
    refusal.remedy = rolling;
    refusal.verdict = {VerdictKind::refusal, "the group stays above its floor", "1 of 2 serve", {}};
    const std::vector<EntryGroup> groups{
        opened(),
        intent_of("i-1.e1"),
        outcome_of("i-1.e1", OutcomeKind::done),
        proof_of(ProofKind::not_helped),
        group_of(EntryKind::undo, UndoBody{rollback, rollback}),
        group_of(EntryKind::verdict, refusal),
        escalated("two remedies did not help"),
    };
    const auto pack = evidence_pack(groups, IncidentId("i-1"));
    REQUIRE(pack);
    CHECK(pack->because == "two remedies did not help");
    CHECK(pack->open.empty());
    CHECK(advises(*pack, "homeostat suspend"));
    CHECK(advises(*pack, "homeostat replay i-1"));
    const Result<std::string> story = explain(groups, IncidentId("i-1"));
    REQUIRE(story);
    CAPTURE(*story);
    const std::size_t begin = story->find("For the person who takes over\n");
    REQUIRE(begin != std::string::npos);
    const std::string end = story->substr(begin);
    for (const char* line :
         {"why       two remedies did not help\n", "seen      errors on payments: 31.0 % of",
          "0.86 bad_deploy: v2 is 4 s old\n",
          "tried     rollback payments from v2 to v1: not_helped — 2 of 20 samples good\n",
          "undo: rollback payments from v2 to v1\n",
          "(refusal): the group stays above its floor — 1 of 2 serve\n", "not tried ",
          "next      homeostat status"}) {
        CAPTURE(line);
        CHECK(end.contains(line));
    }
    const Result<json::value> document = explain_json(groups, IncidentId("i-1"));
    REQUIRE(document);
    CHECK(document->as_object().contains("evidence_pack"));
}

TEST_CASE("an effect of unknown fate is told of, and so is a remedy that was never proven") {
    const auto pack =
        evidence_pack({opened(), intent_of("i-1.e1"), outcome_of("i-1.e1", OutcomeKind::unknown),
                       escalated("the remedy took too long and was given up")},
                      IncidentId("i-1"));
    REQUIRE(pack);
    REQUIRE(pack->open.size() == 1);
    CHECK(pack->open.front().starts_with("i-1.e1 swap_version"));
    REQUIRE(pack->tried.size() == 1);
    CHECK(pack->tried.front().ends_with("begun, not proven"));
    CHECK(to_lines(*pack).contains("half done i-1.e1"));
}

TEST_CASE("what stays in force for now is told of until it is given back") {
    const Remedy eject = Eject{InstanceId("payments-1")};
    const Remedy readmit = Readmit{InstanceId("payments-1")};
    std::vector<EntryGroup> groups{opened(), group_of(EntryKind::held, HeldBody{eject, {}}),
                                   escalated("the remedy did not help, and there is no other")};
    const auto before = evidence_pack(groups, IncidentId("i-1"));
    REQUIRE(before);
    CHECK(before->held == std::vector<std::string>{"eject payments-1, until it is given back"});
    CHECK(to_lines(*before).contains("in force  eject payments-1"));
    IntentBody undrain;
    undrain.effect = EffectId("i-1.e2");
    undrain.remedy = readmit;
    undrain.step = Undrain{InstanceId("payments-1")};
    undrain.is_undo = true;
    groups.push_back(
        group_of(EntryKind::given_back, GivenBackBody{eject, readmit, "its time is up"}));
    groups.push_back(group_of(EntryKind::intent, undrain));
    const auto after = evidence_pack(groups, IncidentId("i-1"));
    REQUIRE(after);
    CHECK(after->held.empty());
    CHECK(std::ranges::find(after->tried, "given back: readmit payments-1 — its time is up") !=
          after->tried.end());
}

TEST_CASE("an incident that no person was called to has no pack") {
    const std::vector<EntryGroup> groups{opened(), proof_of(ProofKind::helped)};
    CHECK_FALSE(evidence_pack(groups, IncidentId("i-1")));
    CHECK_FALSE(explain(groups, IncidentId("i-1"))->contains("takes over"));
    CHECK_FALSE(explain_json(groups, IncidentId("i-1"))->as_object().contains("evidence_pack"));
}

TEST_CASE("one that is closed since asks nobody to suspend anything") {
    const auto pack =
        evidence_pack({opened(), escalated("nobody answered the question: silence is no"),
                       group_of(EntryKind::closed, ClosedBody{CloseKind::passed, {}})},
                      IncidentId("i-1"));
    REQUIRE(pack);
    CHECK_FALSE(advises(*pack, "homeostat suspend"));
    CHECK(advises(*pack, "homeostat verify-ledger"));
}

TEST_CASE("what the ledger holds cannot move the terminal of the person who takes over") {
    const auto pack = evidence_pack({opened(), escalated("\x1b[2J\n")}, IncidentId("i-1"));
    REQUIRE(pack);
    CHECK(to_lines(*pack).contains("why       \\x1b[2J\\x0a\n"));
}

}  // namespace homeostat::app
