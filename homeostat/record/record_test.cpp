#include "homeostat/record/record.hpp"

#include "homeostat/base/fields.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::record {

namespace {

const IncidentId incident("i-7");
const Remedy rollback = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
const Step drain = Drain{InstanceId("payments-0")};

/// Through the ledger's bytes and back: what a reader of the entry gets.
template <class Body>
Body body_after_storage(const Entry& entry, EntryKind kind) {
    CHECK(entry.kind == kind);
    const Result<json::value> document = parse_json(to_text(to_json(entry)));
    REQUIRE(document);
    const Result<Entry> stored = from_json<Entry>(*document);
    REQUIRE(stored);
    CHECK(stored->kind == kind);
    CHECK(stored->incident == entry.incident);
    const Result<Body> body = from_json<Body>(stored->body);
    REQUIRE_MESSAGE(body, (body ? "" : body.error().text));
    return *body;
}

}  // namespace

TEST_CASE("every kind of entry is read back as it was written") {
    const StartedBody started_as = body_after_storage<StartedBody>(
        started({"0.1", "ab", ServiceId("payments"), 7}), EntryKind::started);
    CHECK(started_as.pid == 7);

    Proposal proposal;
    proposal.service = ServiceId("payments");
    proposal.choice.remedy = rollback;
    proposal.menu.items.push_back({rollback, 1, "new version"});
    CHECK(body_after_storage<Proposal>(opened(incident, proposal), EntryKind::opened) == proposal);
    CHECK(body_after_storage<Proposal>(proposed(incident, proposal), EntryKind::proposed) ==
          proposal);

    const Verdict no{VerdictKind::refusal, "the rule", "3 of 3", instant_of_ns(5)};
    const auto of_step = body_after_storage<VerdictBody>(verdict(incident, {rollback, drain, no}),
                                                         EntryKind::verdict);
    CHECK(of_step.verdict == no);
    CHECK(of_step.step == drain);
    const auto of_remedy = body_after_storage<VerdictBody>(
        verdict(incident, {rollback, std::nullopt, no}), EntryKind::verdict);
    CHECK_FALSE(of_remedy.step);

    IntentBody announced;
    announced.effect = EffectId("i-7.e1");
    announced.remedy = rollback;
    announced.step = drain;
    announced.is_undo = true;
    const auto intent_as =
        body_after_storage<IntentBody>(intent(incident, announced), EntryKind::intent);
    CHECK(intent_as.effect == announced.effect);
    CHECK(intent_as.is_undo);
    CHECK(intent_as.step == drain);

    const OutcomeBody seen{EffectId("i-7.e1"), {OutcomeKind::unknown, "no reply"}, true};
    const auto outcome_as =
        body_after_storage<OutcomeBody>(outcome(incident, seen), EntryKind::outcome);
    CHECK(outcome_as.outcome == seen.outcome);
    CHECK(outcome_as.is_read_back);

    Proof helped;
    helped.kind = ProofKind::helped;
    helped.observers = {Observer::journey};
    CHECK(
        body_after_storage<ProofBody>(proof(incident, rollback, helped), EntryKind::proof).proof ==
        helped);

    const Remedy inverse = Rollback{ServiceId("payments"), VersionId("v1"), VersionId("v2")};
    const auto undo_as =
        body_after_storage<UndoBody>(undo(incident, {rollback, inverse}), EntryKind::undo);
    CHECK(undo_as.remedy == rollback);
    CHECK(undo_as.inverse == inverse);

    CHECK(body_after_storage<EscalatedBody>(escalated(incident, {"why"}), EntryKind::escalated)
              .because == "why");
    const auto closed_as = body_after_storage<ClosedBody>(
        closed(incident, CloseKind::healed, {rollback}), EntryKind::closed);
    CHECK(closed_as.how == CloseKind::healed);
    CHECK(closed_as.tried == std::vector{rollback});

    Change deploy;
    deploy.id = ChangeId("change-3");
    deploy.to = VersionId("v2");
    CHECK(body_after_storage<Change>(change(deploy), EntryKind::change) == deploy);
    const GoodBody proven{VersionId("c1"), std::chrono::seconds{90}, Artifact::config};
    CHECK(body_after_storage<GoodBody>(good(proven), EntryKind::good).artifact == Artifact::config);
    CHECK(body_after_storage<GoodBody>(good(proven), EntryKind::good).served_for ==
          proven.served_for);
    CHECK(body_after_storage<SwitchBody>(suspended({"root", "drill"}), EntryKind::suspended).by ==
          "root");
    CHECK(body_after_storage<SwitchBody>(resumed({"root", "done"}), EntryKind::resumed).because ==
          "done");
    const json::value state = json::object{{"node", "act"}};
    CHECK(body_after_storage<json::value>(checkpoint(incident, state), EntryKind::checkpoint) ==
          state);
}

TEST_CASE("what was written before configurations had versions is about the program's") {
    const auto read = []<class Body>(std::type_identity<Body>, const char* text) {
        const Result<Body> body = from_json<Body>(*parse_json(text));
        REQUIRE_MESSAGE(body, text);
        return *body;
    };
    const auto remedy = read(std::type_identity<Remedy>{},
                             R"({"kind":"rollback","service":"payments","from":"v2","to":"v1"})");
    CHECK(remedy == Remedy{Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1"),
                                    Artifact::deploy}});
    const auto swap = read(std::type_identity<Step>{},
                           R"({"kind":"swap_version","service":"payments","from":"v2","to":"v1"})");
    CHECK(std::get<SwapVersion>(swap).artifact == Artifact::deploy);
    const auto replace =
        read(std::type_identity<Step>{},
             R"({"kind":"replace","instance":"payments-0","expected":{"pid":7,"start_ticks":8},)"
             R"("version":"v1"})");
    CHECK(std::get<Replace>(replace).config.empty());
    const auto proven =
        read(std::type_identity<GoodBody>{}, R"({"version":"v1","served_for":90000000000})");
    CHECK(proven.artifact == Artifact::deploy);
}

TEST_CASE("what a person said is cut to its maximum, never inside a character") {
    std::string words(because_bytes_max - 1, 'x');
    words += "\u00E4\u00E4";
    const auto body =
        body_after_storage<SwitchBody>(suspended({"root", words}), EntryKind::suspended);
    CHECK(body.because == std::string(because_bytes_max - 1, 'x'));
    const auto whole = body_after_storage<SwitchBody>(
        suspended({"root", std::string(because_bytes_max, 'x')}), EntryKind::suspended);
    CHECK(whole.because.size() == because_bytes_max);
    const auto reason = body_after_storage<EscalatedBody>(
        escalated(incident, {std::string(reason_bytes_max + 1, 'y')}), EntryKind::escalated);
    CHECK(reason.because.size() == reason_bytes_max);
}

}  // namespace homeostat::record
