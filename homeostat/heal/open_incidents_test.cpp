// What a ledger tells of an incident whose thread nobody can read.

#include "homeostat/heal/open_incidents.hpp"

#include "homeostat/heal/executor_scenes_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

const IncidentId id("i-1");

RecoveredThread recovered(const std::vector<Entry>& entries) {
    OpenIncidents open;
    for (const Entry& entry : entries) {
        open.learn(entry, Instant{});
    }
    return open.threads(healing_graph(question_for_max_for_test)).at("i-1");
}

Entry intent_of(int number, const Remedy& remedy, bool is_undo) {
    IntentBody body;
    body.effect = EffectId("i-1.e" + std::to_string(number));
    body.remedy = remedy;
    body.step = Drain{InstanceId("payments-0")};
    body.is_undo = is_undo;
    return record::intent(id, body);
}

Entry done(int number) {
    return record::outcome(
        id,
        OutcomeBody{EffectId("i-1.e" + std::to_string(number)), {OutcomeKind::done, ""}, false});
}

}  // namespace

TEST_CASE("an undo is over once another proposal was taken, and half-way until then") {
    const Proposal proposal = proposal_for_test(errors_for_test(Instant{}), rollback_for_test());
    const Remedy inverse = *inverse_of(rollback_for_test());
    Proof proof;
    proof.kind = ProofKind::not_helped;
    std::vector<Entry> entries{record::opened(id, proposal),
                               intent_of(1, rollback_for_test(), false),
                               done(1),
                               record::proof(id, rollback_for_test(), proof),
                               record::undo(id, {rollback_for_test(), inverse}),
                               intent_of(2, inverse, true),
                               done(2)};
    CHECK(recovered(entries).is_half_way);
    entries.push_back(record::proposed(id, proposal));
    const RecoveredThread thread = recovered(entries);
    CHECK_FALSE(thread.is_readable);
    CHECK_FALSE(thread.is_half_way);
}

TEST_CASE("that a thread is parked is told once, however long the reason is") {
    std::vector<Entry> entries{
        record::opened(id, proposal_for_test(errors_for_test(Instant{}), rollback_for_test()))};
    for (int number = 1; number <= 60; ++number) {
        entries.push_back(
            intent_of(number, Restart{InstanceId("payments-" + std::to_string(number))}, false));
    }
    const RecoveredThread first = recovered(entries);
    CHECK_FALSE(first.is_told);
    REQUIRE(first.thread.progress.trouble.size() > 1'000);
    entries.push_back(record::escalated(id, {"parked: " + first.thread.progress.trouble}));
    CHECK(recovered(entries).is_told);
}

}  // namespace homeostat::heal
