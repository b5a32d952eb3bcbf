#include "homeostat/app/decisions.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

constexpr WallTime noon{1'732'017'600'000ms};  // 2024-11-19T12:00:00Z

/// A history, a group for each entry, a minute apart.
class Story {
  public:
    Story& add(EntryKind kind, const std::string& incident, json::value body) {
        EntryGroup group;
        group.index = next_++;
        group.wall_at = noon + std::chrono::minutes{group.index};
        group.entries.push_back({kind, IncidentId(incident), std::move(body)});
        decisions_.take(group);
        return *this;
    }
    Story& open(const std::string& incident) {
        Proposal proposal;
        proposal.symptom.subject.name = "payments";
        return add(EntryKind::opened, incident, to_json(proposal));
    }
    Story& judge(const std::string& incident, const Remedy& remedy, VerdictKind kind) {
        VerdictBody body;
        body.remedy = remedy;
        body.verdict = {kind, "a rule", "1 of 2", std::nullopt};
        return add(EntryKind::verdict, incident, to_json(body));
    }
    Story& act(const std::string& incident, const Remedy& remedy, OutcomeKind outcome) {
        IntentBody intent;
        intent.effect = EffectId(incident + ".e" + std::to_string(next_));
        intent.remedy = remedy;
        intent.approved_by = approver;
        add(EntryKind::intent, incident, to_json(intent));
        return add(EntryKind::outcome, incident,
                   to_json(OutcomeBody{intent.effect, {outcome, "because"}}));
    }
    [[nodiscard]] std::vector<Decision> told(const DecisionSelection& selection = {}) const {
        return decisions_.selected(selection);
    }

    std::string approver;

  private:
    Decisions decisions_{"payments"};
    std::uint64_t next_{0};
};

const Remedy restart = Restart{InstanceId("payments-0")};
const Remedy rollback = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};

}  // namespace

TEST_CASE("a remedy's line tells its last verdict, its last outcome and its last proof") {
    Story story;
    story.approver = "ana";
    story.open("i-1")
        .judge("i-1", rollback, VerdictKind::question)
        .judge("i-1", rollback, VerdictKind::permit)
        .act("i-1", rollback, OutcomeKind::unknown)
        .act("i-1", rollback, OutcomeKind::done);
    ProofBody proof;
    proof.remedy = rollback;
    proof.proof.kind = ProofKind::helped;
    story.add(EntryKind::proof, "i-1", to_json(proof));
    const std::vector<Decision> told = story.told();
    REQUIRE(told.size() == 1);
    CHECK(told[0].at == "2024-11-19T12:01:00.000Z");
    CHECK(told[0].service == "payments");
    CHECK(told[0].incident == "i-1");
    CHECK(told[0].symptom.ends_with(" on payments"));
    CHECK(told[0].remedy == "rollback");
    CHECK(told[0].target.as_object().at("to") == json::value("v1"));
    CHECK(told[0].verdict == "permit");
    CHECK(told[0].rule == "a rule");
    CHECK(told[0].outcome == "done");
    CHECK(told[0].proof == "helped");
    CHECK(told[0].approver == "ana");
}

TEST_CASE("each remedy of an incident has its line, and the same kind of two incidents two") {
    Story story;
    story.open("i-1")
        .judge("i-1", restart, VerdictKind::refusal)
        .judge("i-1", rollback, VerdictKind::permit)
        .open("i-2")
        .judge("i-2", restart, VerdictKind::permit);
    CHECK(story.told().size() == 3);
    CHECK(story.told({.remedy = "restart"}).size() == 2);
    CHECK(story.told({.service = "payments"}).size() == 3);
    CHECK(story.told({.service = "fraud"}).empty());
    CHECK(story.told({.since = noon + 4min}).size() == 1);
    CHECK(story.told({.until = noon + 4min}).size() == 2);
}

TEST_CASE("a person who said no is the approver, and nothing was done") {
    Story story;
    story.open("i-1").judge("i-1", rollback, VerdictKind::question);
    AnsweredBody answer;
    answer.remedy = rollback;
    answer.by = "bo";
    story.add(EntryKind::answered, "i-1", to_json(answer));
    REQUIRE(story.told().size() == 1);
    CHECK(story.told()[0].approver == "bo");
    CHECK(story.told()[0].outcome.empty());
}

TEST_CASE("an incident that was handed over has a line of its own only without a verdict") {
    Story story;
    EscalatedBody body{.because = "no remedy is left", .rule = {}, .about = {}};
    story.open("i-1").add(EntryKind::escalated, "i-1", to_json(body));
    REQUIRE(story.told().size() == 1);
    CHECK(story.told()[0].verdict == "escalation");
    CHECK(story.told()[0].because == "no remedy is left");
    story.judge("i-1", restart, VerdictKind::refusal);
    REQUIRE(story.told().size() == 1);
    CHECK(story.told()[0].verdict == "refusal");
}

TEST_CASE("CSV keeps what is in quotes, and no cell begins a formula") {
    Decision decision{
        .at = "t", .incident = "=1+1", .target = json::object(), .because = "a \"word\", and more"};
    const std::string text = to_text({decision}, DecisionFormat::csv);
    CHECK(text.contains(",'=1+1,"));
    CHECK(text.contains("\"a \"\"word\"\", and more\""));
    CHECK(to_text({}, DecisionFormat::csv).ends_with("approver\r\n"));
}

}  // namespace homeostat::app
