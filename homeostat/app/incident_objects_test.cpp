#include "homeostat/app/incident_objects.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

using adapters::kubernetes::IncidentCondition;
using adapters::kubernetes::IncidentObject;

const std::string ledger = "0b31b1c02ff4aa5577";
const Remedy rollback = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};

WallTime second(int number) {
    return WallTime{std::chrono::seconds{number}};
}

template <class Body>
EntryGroup group_of(int at, EntryKind kind, const Body& body, const std::string& incident = "i-1") {
    EntryGroup group;
    group.wall_at = second(at);
    group.entries.push_back({kind, IncidentId(incident), to_json(body)});
    return group;
}

EntryGroup opened(int at, const std::string& incident = "i-1") {
    Proposal proposal;
    proposal.service = ServiceId("payments");
    proposal.symptom.kind = SymptomKind::errors;
    proposal.symptom.subject = {SubjectKind::service, "payments"};
    proposal.symptom.value = 0.31;
    proposal.choice.remedy = rollback;
    return group_of(at, EntryKind::opened, proposal, incident);
}

EntryGroup asked(int at) {
    VerdictBody body;
    body.remedy = rollback;
    body.verdict.kind = VerdictKind::question;
    return group_of(at, EntryKind::verdict, body);
}

EntryGroup closed(int at, CloseKind how, const std::string& incident = "i-1") {
    return group_of(at, EntryKind::closed, ClosedBody{how, {rollback}}, incident);
}

const IncidentCondition& condition(const IncidentObject& object, const std::string& type) {
    const auto found = std::ranges::find(object.conditions, type, &IncidentCondition::type);
    REQUIRE(found != object.conditions.end());
    return *found;
}

IncidentObject the_object(const std::vector<EntryGroup>& groups) {
    IncidentObjects objects(8);
    for (const EntryGroup& group : groups) {
        objects.learn(group);
    }
    const std::vector<IncidentObject> all = objects.all(ledger);
    REQUIRE(all.size() == 1);
    return all.front();
}

std::vector<std::string> ids_of(const IncidentObjects& objects) {
    std::vector<std::string> ids;
    for (const IncidentObject& object : objects.all(ledger)) {
        ids.push_back(object.incident);
    }
    return ids;
}

}  // namespace

TEST_CASE(
    "an incident that begins shows its symptom and the first choice, and no condition holds") {
    const IncidentObject object = the_object({opened(7)});
    CHECK(object.ledger == "0b31b1c02ff4");
    CHECK(object.incident == "i-1");
    CHECK(object.state == "open");
    CHECK(object.symptom == "errors on payments");
    CHECK(object.measured.starts_with("errors on payments: 31"));
    CHECK(object.remedy == "rollback");
    CHECK(object.described == "rollback payments from v2 to v1");
    CHECK(object.opened_at == second(7));
    CHECK_FALSE(object.closed_at);
    for (const IncidentCondition& one : object.conditions) {
        CHECK_FALSE(one.holds);
        CHECK(one.since == second(7));
        CHECK_FALSE(one.reason.empty());
    }
}

TEST_CASE("a person is waited for from the question to the answer, or from being handed it on") {
    IncidentObject object = the_object({opened(7), asked(9)});
    CHECK(object.state == "asking");
    CHECK(condition(object, "WaitingForPerson").holds);
    CHECK(condition(object, "WaitingForPerson").since == second(9));
    CHECK(condition(object, "WaitingForPerson").message ==
          "asked: rollback payments from v2 to v1");

    AnsweredBody part{.remedy = rollback, .says = PersonSays::agreed_in_part};
    object = the_object({opened(7), asked(9), group_of(10, EntryKind::answered, part)});
    CHECK(condition(object, "WaitingForPerson").holds);
    AnsweredBody yes{.remedy = rollback, .says = PersonSays::approved};
    object = the_object({opened(7), asked(9), group_of(11, EntryKind::answered, yes)});
    CHECK_FALSE(condition(object, "WaitingForPerson").holds);
    CHECK(condition(object, "WaitingForPerson").since == second(11));

    const EscalatedBody body{.because = "nobody answered"};
    object = the_object({opened(7), group_of(20, EntryKind::escalated, body)});
    CHECK(condition(object, "WaitingForPerson").reason == "Escalated");
    CHECK(condition(object, "WaitingForPerson").message == "nobody answered");
}

TEST_CASE("healed is what a remedy has healed, and closed is every end") {
    struct Row {
        CloseKind how;
        const char* state;
        bool is_healed;
        const char* reason;
    };
    for (const Row& row : {Row{CloseKind::healed, "healed", true, "RemedyHelped"},
                           Row{CloseKind::passed, "passed", false, "PassedByItself"},
                           Row{CloseKind::by_person, "by_person", false, "ClosedByPerson"}}) {
        const IncidentObject object = the_object({opened(7), closed(30, row.how)});
        CHECK(object.state == row.state);
        CHECK(object.closed_at == second(30));
        CHECK(condition(object, "Closed").holds);
        CHECK(condition(object, "Closed").since == second(30));
        CHECK(condition(object, "Healed").holds == row.is_healed);
        CHECK(condition(object, "Healed").since == second(row.is_healed ? 30 : 7));
        CHECK(condition(object, "Healed").reason == row.reason);
    }
}

TEST_CASE("the remedy that is shown is the last that began") {
    IntentBody intent;
    intent.effect = EffectId("i-1.e1");
    intent.remedy = Restart{InstanceId("payments-0")};
    const IncidentObject object = the_object({opened(7), group_of(9, EntryKind::intent, intent)});
    CHECK(object.remedy == "restart");
    CHECK(object.described == "restart payments-0");
}

TEST_CASE("a ledger that is read again comes to the same objects") {
    const std::vector<EntryGroup> groups{opened(7), asked(9), closed(30, CloseKind::healed)};
    IncidentObjects objects(8);
    const auto read = [&] {
        for (const EntryGroup& group : groups) {
            objects.learn(group);
        }
        return objects.all(ledger).front();
    };
    const IncidentObject once = read();
    const IncidentObject twice = read();
    const adapters::kubernetes::Options place;
    CHECK(incident_status_body(once, place) == incident_status_body(twice, place));
}

TEST_CASE("of more than are kept the oldest goes, and an open one after those that are closed") {
    IncidentObjects objects(2);
    objects.learn(opened(1, "i-1"));
    objects.learn(opened(2, "i-2"));
    objects.learn(closed(3, CloseKind::healed, "i-2"));
    objects.learn(opened(4, "i-10"));
    CHECK(ids_of(objects) == std::vector<std::string>{"i-1", "i-10"});
    objects.learn(opened(5, "i-11"));
    CHECK(ids_of(objects) == std::vector<std::string>{"i-10", "i-11"});
}

TEST_CASE("what belongs to no incident, or to one whose beginning is gone, is no news") {
    IncidentObjects objects(2);
    CHECK_FALSE(objects.learn(closed(3, CloseKind::healed, "i-2")));
    CHECK_FALSE(objects.learn(group_of(4, EntryKind::suspended, SwitchBody{"root", ""}, "")));
    CHECK(objects.all(ledger).empty());
    CHECK(objects.learn(opened(5)));
}

}  // namespace homeostat::app
