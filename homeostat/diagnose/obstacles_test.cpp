// What keeps a service from serving, by the word of its cluster: told as the cause, and a reason to
// leave out what cannot help.

#include "homeostat/diagnose/diagnose.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <type_traits>
#include <vector>

namespace homeostat::diagnose {

namespace {

using namespace std::chrono_literals;

const Instant began_at{1h};
const Subject service{SubjectKind::service, "payments"};
const Subject pod_1{SubjectKind::instance, "payments-1"};

Inventory pods() {
    Inventory inventory;
    inventory.service = ServiceId("payments");
    inventory.instances = {InstanceId("payments-0"), InstanceId("payments-1"),
                           InstanceId("payments-2"), InstanceId("payments-3")};
    inventory.is_orchestrated = true;
    inventory.has_versions = true;
    inventory.instances_max = 4;
    return inventory;
}

struct Past {
    State state;

    void say(const Subject& subject, Obstacle obstacle, double count) {
        Signal signal;
        signal.kind = SignalKind::obstacle_count;
        signal.observer = Observer::process;
        signal.subject = subject;
        signal.obstacle = obstacle;
        signal.value = count;
        signal.at = began_at;
        observe(state, std::vector{signal}, began_at);
    }
    /// A slot in which nobody is wanted, so that more may be asked for.
    void has_free_slot() {
        Signal signal;
        signal.kind = SignalKind::is_wanted;
        signal.observer = Observer::process;
        signal.subject = {SubjectKind::instance, "payments-3"};
        signal.at = began_at - 1min;
        observe(state, std::vector{signal}, began_at);
    }
    void deployed() {
        Change change;
        change.id = ChangeId("change-1");
        change.service = ServiceId("payments");
        change.from = VersionId("v1");
        change.to = VersionId("v2");
        change.is_first_hand = true;
        change.at = began_at - 4s;
        note(state, change);
    }
    [[nodiscard]] Finding find(SymptomKind kind, const Subject& subject) const {
        const Symptom symptom{kind, subject, Observer::edge, 1, 1, began_at, began_at};
        return diagnose(state, symptom, pods(), {}, {});
    }
};

template <class T>
bool offers(const Finding& finding) {
    return std::ranges::any_of(finding.menu.items, [](const MenuItem& item) {
        return std::holds_alternative<T>(item.remedy);
    });
}

bool offers_effects(const Finding& finding) {
    return !std::ranges::all_of(finding.menu.items, [](const MenuItem& item) {
        return std::holds_alternative<Observe>(item.remedy);
    });
}

}  // namespace

TEST_CASE("a Service that sends to nobody though pods are ready is told, and nothing is done") {
    for (const SymptomKind kind : {SymptomKind::errors, SymptomKind::latency}) {
        Past past;
        past.has_free_slot();
        past.say(service, Obstacle::sends_to_nobody, 3);
        const Finding finding = past.find(kind, service);
        CHECK_FALSE(offers_effects(finding));
        CHECK(offers<Observe>(finding));
        const Cause& cause = finding.diagnosis.causes.front();
        CHECK(cause.kind == CauseKind::obstacle);
        CHECK(cause.because ==
              "the Service sends to nobody, although 3 pods are ready: its selector or its port "
              "fits none of them; no restart mends that");
        // It is for people: no byte of it is in what a model reads.
        for (const std::string& line : finding.diagnosis.evidence.lines) {
            CHECK_FALSE(line.contains("nobody"));
        }
        // Its labels and ports are of the template: what was deployed may have brought it.
        past.deployed();
        CHECK(offers<Rollback>(past.find(kind, service)));
        CHECK_FALSE(offers<Scale>(past.find(kind, service)));
        past.say(service, Obstacle::sends_to_nobody, 0);
        CHECK(past.find(kind, service).diagnosis.causes.front().kind == CauseKind::bad_deploy);
    }
}

TEST_CASE("a pod that has ended is started again, whatever the Service does") {
    Past past;
    past.say(service, Obstacle::sends_to_nobody, 2);
    CHECK(offers<Restart>(past.find(SymptomKind::instance_down, pod_1)));
}

TEST_CASE("where no new pod may be made, none that is there is taken away") {
    Past past;
    REQUIRE(offers<Restart>(past.find(SymptomKind::instance_down, pod_1)));
    past.say(service, Obstacle::creation_refused, 1);
    const Finding finding = past.find(SymptomKind::instance_down, pod_1);
    CHECK_FALSE(offers_effects(finding));
    CHECK(finding.diagnosis.causes.front().because ==
          "1 of payments cannot be made: the cluster refuses it (admission, account, limits)");
    // What was deployed may be why, and what ran before it was not refused.
    past.deployed();
    CHECK(offers<Rollback>(past.find(SymptomKind::instance_down, pod_1)));
    CHECK_FALSE(offers<Restart>(past.find(SymptomKind::instance_down, pod_1)));
}

TEST_CASE("where none finds room no more are asked for, and who has none is not started again") {
    for (const Obstacle obstacle : {Obstacle::no_room, Obstacle::quota_used_up}) {
        Past past;
        past.has_free_slot();
        REQUIRE(offers<Scale>(past.find(SymptomKind::latency, service)));
        past.say(obstacle == Obstacle::no_room ? pod_1 : service, obstacle, 1);
        CHECK_FALSE(offers<Scale>(past.find(SymptomKind::latency, service)));
    }
    Past past;
    past.say(pod_1, Obstacle::no_room, 1);
    CHECK_FALSE(offers<Restart>(past.find(SymptomKind::instance_down, pod_1)));
    // The one beside it that is ill leaves room for its successor.
    CHECK(offers<Restart>(
        past.find(SymptomKind::instance_down, {SubjectKind::instance, "payments-2"})));
    CHECK(past.find(SymptomKind::errors, service).diagnosis.causes.front().because ==
          "payments-1 cannot be placed: no node has room for it, or none fits");
}

TEST_CASE("what only goes with a fault takes nothing from the menu, and is told behind a change") {
    for (const Obstacle obstacle :
         {Obstacle::backing_off, Obstacle::liveness_failing, Obstacle::readiness_failing,
          Obstacle::startup_failing, Obstacle::evicted}) {
        Past past;
        past.deployed();
        const Finding before = past.find(SymptomKind::errors, service);
        past.say(pod_1, obstacle, 1);
        const Finding finding = past.find(SymptomKind::errors, service);
        CHECK(finding.menu == before.menu);
        CHECK(finding.diagnosis.causes.size() == before.diagnosis.causes.size() + 1);
        CHECK(finding.diagnosis.causes.front().kind == CauseKind::bad_deploy);
        CHECK(finding.diagnosis.causes.back().kind == CauseKind::unknown);
    }
}

TEST_CASE("every obstacle is told in words of ours, once, and few of many") {
    for (std::size_t index = 0; index < names_of(std::type_identity<Obstacle>{}).size(); ++index) {
        Past past;
        past.say(service, static_cast<Obstacle>(index), 1);
        past.say(service, static_cast<Obstacle>(index), 2);
        const Finding finding = past.find(SymptomKind::errors, service);
        CHECK(std::ranges::count(finding.diagnosis.causes, CauseKind::obstacle, &Cause::kind) == 1);
        CHECK_FALSE(finding.diagnosis.causes.front().because.empty());
    }
    Past past;
    for (int index = 0; index < 400; ++index) {
        past.say({SubjectKind::instance, "payments-" + std::to_string(index)}, Obstacle::no_room,
                 1);
    }
    CHECK(past.state.obstacles.size() == subjects_max);
    const Finding finding = past.find(SymptomKind::errors, service);
    CHECK(std::ranges::count(finding.diagnosis.causes, CauseKind::obstacle, &Cause::kind) == 6);
}

}  // namespace homeostat::diagnose
