#include "homeostat/app/incident_events.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using adapters::kubernetes::ObjectEvent;

const Remedy rollback = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
const Step swap = SwapVersion{ServiceId("payments"), VersionId("v2"), VersionId("v1")};

template <class Body>
Entry entry_of(EntryKind kind, const Body& body) {
    return {kind, IncidentId("i-3"), to_json(body)};
}

std::vector<ObjectEvent> told(std::vector<Entry> entries) {
    EntryGroup group;
    group.wall_at = WallTime{std::chrono::seconds{7}};
    group.entries = std::move(entries);
    return events_of(group);
}

/// The one Event of one entry; fails where there is another number.
ObjectEvent the_event(Entry entry) {
    std::vector<ObjectEvent> events = told({std::move(entry)});
    REQUIRE(events.size() == 1);
    return events.front();
}

}  // namespace

TEST_CASE("people are told of an incident when it begins, with its symptom and the choice") {
    Proposal proposal;
    proposal.symptom.kind = SymptomKind::errors;
    proposal.symptom.subject = {SubjectKind::service, "payments"};
    proposal.symptom.value = 0.31;
    proposal.choice.remedy = rollback;
    const ObjectEvent event = the_event(entry_of(EntryKind::opened, proposal));
    CHECK(event.reason == "IncidentOpened");
    CHECK(event.is_warning);
    CHECK(event.note.starts_with("i-3: errors on payments: 31"));
    CHECK(event.note.ends_with("first choice: rollback payments from v2 to v1"));
    CHECK(event.at == WallTime{std::chrono::seconds{7}});
}

TEST_CASE("an effect is told of before it happens, with whoever gave leave, and once") {
    IntentBody intent;
    intent.effect = EffectId("i-3.e1");
    intent.remedy = rollback;
    intent.step = swap;
    intent.approved_by = "anna";
    const ObjectEvent event = the_event(entry_of(EntryKind::intent, intent));
    CHECK(event.reason == "RemedyBegun");
    CHECK_FALSE(event.is_warning);
    CHECK(event.note.starts_with("i-3.e1: rollback payments from v2 to v1: "));
    CHECK(event.note.ends_with(", with leave of anna"));

    OutcomeBody outcome{EffectId("i-3.e1"), {OutcomeKind::done, "v1 is current"}, false};
    CHECK(told({entry_of(EntryKind::outcome, outcome)}).empty());
    outcome.outcome = {OutcomeKind::refused, "403 Forbidden"};
    const ObjectEvent refused = the_event(entry_of(EntryKind::outcome, outcome));
    CHECK(refused.is_warning);
    CHECK(refused.note == "i-3.e1: refused: 403 Forbidden");
}

TEST_CASE("whoever is needed is told so, but not what they were told before") {
    EscalatedBody body{.because = "nobody answered the question"};
    CHECK(the_event(entry_of(EntryKind::escalated, body)).note ==
          "i-3: nobody answered the question");
    body.is_told_already = true;
    CHECK(told({entry_of(EntryKind::escalated, body)}).empty());
}

TEST_CASE("entries that are no news to people, or cannot be read, make no Event") {
    CHECK(told({entry_of(EntryKind::verdict, VerdictBody{}), entry_of(EntryKind::good, GoodBody{}),
                Entry{EntryKind::closed, IncidentId("i-3"), json::value("no body")}})
              .empty());
    const std::vector<ObjectEvent> events =
        told({entry_of(EntryKind::suspended, SwitchBody{"root", "crash loop"}),
              entry_of(EntryKind::closed, ClosedBody{CloseKind::healed, {rollback}})});
    REQUIRE(events.size() == 2);
    CHECK(events.front().reason == "Suspended");
    CHECK(events.front().note == "by root: no effect begins: crash loop");
    CHECK(events.back().note == "i-3: healed");
}

}  // namespace homeostat::app
