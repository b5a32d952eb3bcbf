#include "homeostat/guard/history.hpp"

#include "homeostat/guard/case_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace homeostat::guard {

namespace {

using namespace for_test;
using std::chrono::seconds;

const Step drain_0 = Drain{payments_0};
const Step swap_step = SwapVersion{payments, v2, v1};

std::vector<Entry> a_whole_story() {
    IntentBody undo;
    undo.effect = EffectId("i-1.e2");
    undo.remedy = rollback_undo;
    undo.step = SwapVersion{payments, v1, v2};
    undo.is_undo = true;
    IntentBody reflex;
    reflex.effect = EffectId("i-2.e1");
    reflex.remedy = restart_0;
    reflex.step = Replace{payments_0, {10, 1000}, v2, c2};
    reflex.is_reflex = true;
    IntentBody taken_back;  // Its facts show a rotation that is not as we left it.
    taken_back.effect = EffectId("i-2.e3");
    taken_back.remedy = rolling;
    taken_back.step = drain_0;
    taken_back.grounds = Grounds{};
    taken_back.grounds->facts = serving_facts();
    Proof proof;
    proof.kind = ProofKind::not_helped;
    return {
        entry_of(EntryKind::started, {}, StartedBody{"1", "d", payments, 1}),
        opened_entry(incident),
        intent_entry(incident, "i-1.e1", rollback, swap_step),
        outcome_entry(incident, "i-1.e1", OutcomeKind::unknown),
        outcome_entry(incident, "i-1.e1", OutcomeKind::done, true),
        entry_of(EntryKind::proof, incident, ProofBody{rollback, proof}),
        entry_of(EntryKind::undo, incident, UndoBody{rollback, rollback_undo}),
        entry_of(EntryKind::intent, incident, undo),
        outcome_entry(incident, "i-1.e2", OutcomeKind::done),
        held_entry(incident, open_fraud),
        held_entry(incident, eject_0),
        entry_of(EntryKind::given_back, incident, GivenBackBody{eject_0, readmit_0, "its time"}),
        entry_of(EntryKind::escalated, incident, EscalatedBody{"two did not help"}),
        opened_entry(incident_other),
        entry_of(EntryKind::intent, incident_other, reflex),
        intent_entry(incident_other, "i-2.e2", rolling, drain_0),
        outcome_entry(incident_other, "i-2.e2", OutcomeKind::done),
        entry_of(EntryKind::intent, incident_other, taken_back),
        outcome_entry(incident_other, "i-2.e3", OutcomeKind::done),
        closed_entry(incident),
        entry_of(EntryKind::suspended, {}, SwitchBody{"root", ""})};
}

}  // namespace

TEST_CASE("a history that was moved back was learned so much earlier, in another boot") {
    History moved;
    History earlier;
    for (const Entry& entry : a_whole_story()) {
        moved.learn(entry, now);
        earlier.learn(entry, now - seconds{7});
    }
    moved.move_back(seconds{7});
    earlier.move_back({});
    CHECK(moved == earlier);
}

TEST_CASE("a history learned live and one replayed from the ledger's bytes are equal") {
    History live;
    EntryGroup group;
    for (const Entry& entry : a_whole_story()) {
        live.learn(entry, now);
        group.entries.push_back(entry);
    }
    const Result<json::value> document = parse_json(to_text(to_json(group)));
    REQUIRE(document);
    const Result<EntryGroup> stored = from_json<EntryGroup>(*document);
    REQUIRE(stored);
    History replayed;
    for (const Entry& entry : stored->entries) {
        replayed.learn(entry, now);
    }
    CHECK(live == replayed);
    CHECK(live.effects_since(now - seconds{1}).size() == 5);
    CHECK(live.cooling_since(RemedyKind::rollback, "payments") == now);
    CHECK(live.reflex_restarts_since(payments_0, now - seconds{1}).size() == 1);
    CHECK(live.busy_incidents(incident) == std::vector{incident_other});
    CHECK(live.busy_incidents(incident_other).empty());
}

TEST_CASE("the effects of one remedy are one attempt and a further remedy is another") {
    History history;
    learn_effect(history, {incident, "i-1.e1", rollback, swap_step}, now);
    learn_effect(history, {incident, "i-1.e2", rollback, drain_0}, now);
    REQUIRE(history.find(incident));
    CHECK(history.find(incident)->attempts_count == 1);
    history.learn(entry_of(EntryKind::proposed, incident, Proposal{}), now);
    CHECK_FALSE(history.find(incident)->remedy_in_hand);
    learn_effect(history, {incident, "i-1.e3", restart_0, drain_0}, now);
    CHECK(history.find(incident)->attempts_count == 2);
    CHECK(history.find(incident)->remedy_last == restart_0);
}

TEST_CASE("a refusal that will not be asked again lets the remedy go, another does not") {
    History history;
    learn_effect(history, {incident, "i-1.e1", rollback, swap_step}, now);
    const Verdict later{VerdictKind::refusal, "r", "b", now + seconds{1}};
    const Verdict never{VerdictKind::refusal, "r", "b", std::nullopt};
    history.learn(entry_of(EntryKind::verdict, incident, VerdictBody{rollback, drain_0, later}),
                  now);
    CHECK(history.find(incident)->remedy_in_hand);
    history.learn(entry_of(EntryKind::verdict, incident, VerdictBody{rollback, drain_0, never}),
                  now);
    CHECK_FALSE(history.find(incident)->remedy_in_hand);
}

TEST_CASE("an undo that is given up is in hand no more, as an undo neither") {
    History history;
    learn_effect(history, {incident, "i-1.e1", rollback, swap_step}, now);
    IntentBody undo;
    undo.effect = EffectId("i-1.e2");
    undo.remedy = rollback_undo;
    undo.step = SwapVersion{payments, v1, v2};
    undo.is_undo = true;
    history.learn(entry_of(EntryKind::intent, incident, undo), now);
    CHECK(history.find(incident)->is_undo_in_hand);
    history.learn({EntryKind::proposed, incident, {}}, now);
    CHECK_FALSE(history.find(incident)->remedy_in_hand);
    CHECK_FALSE(history.find(incident)->is_undo_in_hand);
}

TEST_CASE("what an incident did not do last is not held by it") {
    History history;
    history.learn(opened_entry(incident), now);
    history.learn(held_entry(incident, eject_0), now);
    CHECK_FALSE(history.find(incident)->remedy_held);
    learn_effect(history, {incident, "i-1.e1", restart_0, drain_0}, now);
    history.learn(held_entry(incident, eject_0), now);
    CHECK_FALSE(history.find(incident)->remedy_held);
    learn_effect(history, {incident, "i-1.e2", eject_0, drain_0}, now);
    history.learn(held_entry(incident, eject_0), now);
    CHECK(history.find(incident)->remedy_held == eject_0);
}

TEST_CASE("a closed incident holds nobody up, not even with an effect that was never resolved") {
    History history;
    history.learn(intent_entry(incident, "i-1.e1", rollback, swap_step), now);
    history.learn(entry_of(EntryKind::escalated, incident, EscalatedBody{"x"}), now);
    CHECK(history.busy_incidents(incident_other) == std::vector{incident});
    history.learn(closed_entry(incident), now);
    CHECK(history.busy_incidents(incident_other).empty());
}

TEST_CASE("an intent that cannot be read spends a token all the same") {
    History history;
    learn_effect(history, {incident, "i-1.e1", restart_0, drain_0}, now - seconds{1});
    CHECK(history.find(incident)->step_last == drain_0);
    history.learn({EntryKind::intent, incident, json::object{{"from", "the future"}}}, now);
    CHECK_FALSE(history.find(incident)->step_last);  // Where it is, nobody knows.
    CHECK(history.effects_since(now - seconds{1}).size() == 1);
    for (const EntryKind kind : {EntryKind::outcome, EntryKind::proof, EntryKind::verdict,
                                 EntryKind::closed, EntryKind::escalated, EntryKind::undo}) {
        history.learn({kind, incident, json::array{}}, now);
    }
    CHECK(history.find(incident)->is_closed);
}

TEST_CASE("beside an intent that cannot be read nothing else begins until its fate is looked for") {
    History history;
    json::value body = intent_entry(incident, "i-1.e1", rollback, swap_step).body;
    body.get_object()["of_a_later_program"] = true;
    history.learn(opened_entry(incident), now);
    history.learn({EntryKind::intent, incident, body}, now);
    CHECK(history.is_effect_known(EffectId("i-1.e1")));
    CHECK(history.busy_incidents(incident_other) == std::vector{incident});
    history.learn(outcome_entry(incident, "i-1.e1", OutcomeKind::unknown, true), now);
    CHECK(history.busy_incidents(incident_other).empty());
}

TEST_CASE("only what happened after the window's beginning counts") {
    History history;
    spend(history, 1, now);
    CHECK(history.effects_since(now - Duration{1}).size() == 1);
    CHECK(history.effects_since(now).empty());
}

TEST_CASE("a longer incident that closes later starts its cool-down anew") {
    History history;
    learn_effect(history, {incident, "i-1.e1", restart_0, drain_0}, now);
    history.learn(entry_of(EntryKind::escalated, incident, EscalatedBody{"x"}), now);
    CHECK(history.cooling_since(RemedyKind::restart, "payments-0") == now);
    history.learn(closed_entry(incident), now + seconds{50});
    CHECK(history.cooling_since(RemedyKind::restart, "payments-0") == now + seconds{50});
    CHECK_FALSE(history.cooling_since(RemedyKind::rolling_restart, "payments"));
}

TEST_CASE("a history of any length stays bounded and forgets closed incidents first") {
    History history;
    history.learn(opened_entry(incident), now);
    for (int count = 0; count < 5000; ++count) {
        const IncidentId of("i-n" + std::to_string(count));
        const InstanceId target("x-" + std::to_string(count));
        learn_effect(history, {of, of.text() + ".e1", Restart{target}, Drain{target}}, now);
        history.learn(closed_entry(of), now + seconds{count});
    }
    CHECK(history.find(incident));
    CHECK_FALSE(history.find(IncidentId("i-n0")));
    CHECK(history.find(IncidentId("i-n4999")));
    const auto closed_kept = static_cast<int>(History::incidents_max) - 1;  // Beside the open one.
    CHECK(history.find(IncidentId("i-n" + std::to_string(5000 - closed_kept))));
    CHECK_FALSE(history.find(IncidentId("i-n" + std::to_string(4999 - closed_kept))));
    const auto cool_downs = static_cast<int>(History::cool_downs_max);
    CHECK(history.cooling_since(RemedyKind::restart, "x-" + std::to_string(5000 - cool_downs)));
    CHECK_FALSE(
        history.cooling_since(RemedyKind::restart, "x-" + std::to_string(4999 - cool_downs)));
    CHECK(history.effects_since(now - seconds{1}).size() == History::effects_max);
    CHECK(history.cooling_since(RemedyKind::restart, "x-4999"));
    CHECK_FALSE(history.cooling_since(RemedyKind::restart, "x-0"));
}

TEST_CASE(
    "what a person has undone passes from the incident that did it to the one that undoes it") {
    const Instant at{seconds{1000}};
    History history;
    history.learn(opened_entry(incident), at);
    history.learn(intent_entry(incident, "i-1.e1", rollback, swap_step), at);
    history.learn(outcome_entry(incident, "i-1.e1", OutcomeKind::done), at);
    CHECK(history.undoable_since(Instant{}).empty());  // It is open.
    history.learn(closed_entry(incident), at + seconds{9});
    CHECK(history.undoable_since(at) == std::vector{incident});
    CHECK(history.undoable_since(at + seconds{9}).empty());
    REQUIRE(history.find(incident)->symptom);
    CHECK(history.find(incident)->closed_at == at + seconds{9});

    const UndoBody of_another{rollback_undo, rollback, "anna", "", incident};
    history.learn(opened_entry(incident_other), at);
    history.learn(entry_of(EntryKind::undo, incident_other, of_another), at);
    CHECK_FALSE(history.find(incident)->undone_by);
    const UndoBody undo{rollback, rollback_undo, "anna", "", incident};
    history.learn(entry_of(EntryKind::undo, incident_other, undo), at);
    CHECK(history.find(incident_other)->remedy_last == rollback);
    IntentBody swap;
    swap.remedy = rollback_undo;
    swap.step = SwapVersion{payments, v1, v2};
    swap.is_undo = true;
    for (const auto& [effect, outcome] :
         {std::pair{"i-2.e1", OutcomeKind::refused}, std::pair{"i-2.e2", OutcomeKind::done}}) {
        CHECK_FALSE(history.find(incident)->undone_by);
        CHECK(history.find(incident)->remedy_last == rollback);
        swap.effect = EffectId(effect);
        history.learn(entry_of(EntryKind::intent, incident_other, swap), at);
        history.learn(outcome_entry(incident_other, effect, outcome), at);
    }
    CHECK(history.find(incident)->undone_by == incident_other);
    CHECK_FALSE(history.find(incident)->remedy_last);
    CHECK(history.undoable_since(Instant{}).empty());

    history.move_back(seconds{5});
    CHECK(history.find(incident)->closed_at == at + seconds{4});
}

}  // namespace homeostat::guard
