// What a review keeps of a ledger.

#include "homeostat/review/past.hpp"

#include "homeostat/review/story_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace homeostat::review {

namespace {

using namespace for_test;
using namespace std::chrono_literals;

}  // namespace

TEST_CASE("an outage runs from the first signal to the proof, not to the close") {
    Told told;
    told.act(rollback, ProofKind::helped, "i-1");
    REQUIRE(told.past.closed.size() == 1);
    const PastIncident& incident = told.past.closed.front();
    CHECK(is_healed_by_us(incident));
    CHECK(outage_of(incident) == 7s);
    REQUIRE(incident.attempts.size() == 1);
    CHECK(incident.attempts.front().proof == ProofKind::helped);
}

TEST_CASE("an outage that nothing of ours ended runs to the close") {
    Told told;
    told.watch(rollback, nullptr, "i-1");
    CHECK(outage_of(told.past.closed.at(0)) == 32s);
    CHECK_FALSE(is_healed_by_us(told.past.closed.at(0)));
}

TEST_CASE("a symptom that is said to have begun in another boot began when it was noticed") {
    Told told;
    Proposal proposal;
    proposal.symptom.began_at = instant_of_ns(0) + 9'000s;  // After the group that tells of it.
    told.tell(EntryKind::opened, proposal);
    told.wait(4);
    told.close(CloseKind::passed);
    CHECK(outage_of(told.past.closed.at(0)) == 4s);
}

TEST_CASE("a give-back's proof is no proof of the remedy, and its intents are no attempt") {
    Told told;
    const Remedy eject = Eject{payments_0};
    told.open(eject);
    told.begin(eject);
    told.prove(eject, ProofKind::helped);
    told.wait(100);
    IntentBody back;
    back.remedy = Readmit{payments_0};
    back.is_undo = true;
    back.step = Undrain{payments_0};
    told.tell(EntryKind::intent, back);
    told.prove(back.remedy, ProofKind::not_helped);
    told.close(CloseKind::healed);
    const PastIncident& incident = told.past.closed.at(0);
    REQUIRE(incident.attempts.size() == 1);
    CHECK(incident.attempts[0].proof == ProofKind::helped);
    CHECK(outage_of(incident) == 2s);
}

TEST_CASE("a question is counted once, however often guard puts it, and silence is no answer") {
    Told told;
    told.open(rollback);
    told.ask(rollback);
    told.ask(rollback);
    told.ask(restart_0);
    told.answer(restart_0, PersonSays::denied);
    told.close(CloseKind::passed);
    const auto& asked = told.past.closed.at(0).asked;
    REQUIRE(asked.size() == 2);
    CHECK_FALSE(asked[0].says);
    CHECK(asked[1].says == PersonSays::denied);
}

TEST_CASE("a remedy that was done after all is no shadow any more") {
    Told told;
    told.open(rollback);
    told.refuse_by_autonomy(rollback, serving_facts(), "i-1");
    told.begin(restart_0);
    told.close(CloseKind::passed);
    CHECK_FALSE(told.past.closed.at(0).shadow);
}

TEST_CASE(
    "changes of others are seen by the incidents that are watched, ours and hearsay are not") {
    Told told;
    told.open(rollback);
    told.refuse_by_autonomy(rollback, serving_facts(), "i-1");
    Change change;
    change.is_first_hand = true;
    change.is_ours = true;
    told.tell(EntryKind::change, change, "");
    change = {};
    told.tell(EntryKind::change, change, "");
    change.is_first_hand = true;
    told.tell(EntryKind::change, change, "");
    told.close(CloseKind::passed);
    CHECK(told.past.closed.at(0).shadow.value().changes.size() == 1);
}

TEST_CASE("demotions and promotions are those of the end, and of the latest word") {
    Told told;
    told.tell(EntryKind::demoted, Demotion{RemedyKind::rollback, IncidentId("i-1"), "no"});
    told.tell(EntryKind::promoted, PromotedBody{RemedyKind::rollback, "alice", "a"}, "");
    told.wait(1);
    told.tell(EntryKind::promoted, PromotedBody{RemedyKind::rollback, "bob", "b"}, "");
    CHECK(told.past.demotions.all.empty());
    REQUIRE(told.past.promotions.size() == 1);
    CHECK(told.past.promotions[0].body.by == "bob");
}

TEST_CASE("entries that cannot be read, or belong to nothing, are passed over") {
    Told told;
    told.tell(EntryKind::proof, std::string("nonsense"));
    told.tell(EntryKind::opened, std::string("nonsense"));
    for (const EntryKind kind :
         {EntryKind::verdict, EntryKind::answered, EntryKind::intent, EntryKind::proof,
          EntryKind::undo, EntryKind::aftermath, EntryKind::change, EntryKind::promoted}) {
        told.tell(kind, std::string("nonsense"));
    }
    told.tell(EntryKind::closed, std::string("nonsense"));
    REQUIRE(told.past.closed.size() == 1);
    CHECK(told.past.closed[0].attempts.empty());
}

}  // namespace homeostat::review
