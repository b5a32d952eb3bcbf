// A service of one instance: no sibling is well, so what is its own fault and what is everybody's
// cannot be told apart by where it is.

#include "homeostat/diagnose/diagnose.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace homeostat::diagnose {

namespace {

using namespace std::chrono_literals;

const Instant began_at{1h};
const Subject only{SubjectKind::instance, "payments-0"};
const Remedy restart_it = Restart{InstanceId("payments-0")};

struct Scene {
    State state;
    Inventory inventory;
    Symptom symptom{
        SymptomKind::instance_not_answering, only, Observer::probe, 1, 1, began_at, began_at + 2s};

    Scene() {
        inventory.service = ServiceId("payments");
        inventory.instances = {InstanceId("payments-0")};
        inventory.neighbours = {ServiceId("fraud")};
        inventory.has_versions = true;
        inventory.has_edge = true;
    }

    void say(SignalKind kind, const Subject& subject, double value, Instant at) {
        Signal signal;
        signal.kind = kind;
        signal.observer = kind == SignalKind::is_answering ? Observer::probe : Observer::edge;
        signal.subject = subject;
        signal.value = value;
        signal.at = at;
        observe(state, std::vector<Signal>{signal}, at);
    }
    void fall_silent() {
        say(SignalKind::is_answering, only, 1, began_at - 1s);
        say(SignalKind::is_answering, only, 0, began_at + 1s);
    }
    void count(SubjectKind kind, std::string_view name, double requests, double errors) {
        const Subject subject{kind, std::string(name)};
        say(SignalKind::requests_count, subject, requests, began_at + 1s);
        say(SignalKind::errors_count, subject, errors, began_at + 1s);
    }
    [[nodiscard]] Finding find(const std::vector<RemedyKind>& tried = {}) const {
        return diagnose(state, symptom, inventory, tried, {});
    }
    [[nodiscard]] bool offers_restart(const std::vector<RemedyKind>& tried = {}) const {
        return std::ranges::any_of(find(tried).menu.items,
                                   [](const MenuItem& item) { return item.remedy == restart_it; });
    }
};

}  // namespace

TEST_CASE("the only instance of a service that has stopped answering may be restarted") {
    Scene scene;
    scene.fall_silent();
    const Finding finding = scene.find();
    CHECK(finding.menu.items.front().remedy == restart_it);
    CHECK(finding.menu.items.front().because == "the only instance has stopped answering");
    CHECK(finding.diagnosis.causes.front().kind == CauseKind::instance_fault);
    CHECK(finding.diagnosis.causes.front().because == "payments-0 has stopped answering");
    CHECK_FALSE(scene.offers_restart({RemedyKind::restart}));
}

TEST_CASE("errors of a service whose only instance is silent are that instance's") {
    Scene scene;
    scene.fall_silent();
    scene.count(SubjectKind::service, "payments", 100, 100);
    scene.symptom.kind = SymptomKind::errors;
    scene.symptom.subject = {SubjectKind::service, "payments"};
    CHECK(scene.offers_restart());
}

TEST_CASE("the only instance is not blamed for its errors as long as it answers") {
    Scene scene;
    scene.say(SignalKind::is_answering, only, 1, began_at + 1s);
    scene.count(SubjectKind::service, "payments", 100, 90);
    scene.count(SubjectKind::instance, "payments-0", 100, 90);
    scene.symptom.kind = SymptomKind::errors;
    scene.symptom.subject = {SubjectKind::service, "payments"};
    CHECK_FALSE(scene.offers_restart());
}

TEST_CASE("one that never answered may be asked at the wrong place") {
    Scene scene;
    scene.say(SignalKind::is_answering, only, 0, began_at - 1s);
    scene.say(SignalKind::is_answering, only, 0, began_at + 1s);
    CHECK_FALSE(scene.offers_restart());
}

TEST_CASE("where there is no edge nobody could confirm that the only instance is silent") {
    Scene scene;
    scene.fall_silent();
    scene.inventory.has_edge = false;
    CHECK_FALSE(scene.offers_restart());
}

TEST_CASE("the only instance waits for a neighbour that fails, and is left alone") {
    Scene scene;
    scene.fall_silent();
    scene.count(SubjectKind::service, "payments", 100, 100);
    scene.count(SubjectKind::neighbour, "fraud", 100, 100);
    CHECK_FALSE(scene.offers_restart());
}

TEST_CASE("a version that is new goes before a restart of the only instance") {
    Scene scene;
    scene.fall_silent();
    Change deploy;
    deploy.id = ChangeId("change-1");
    deploy.service = ServiceId("payments");
    deploy.from = VersionId("v1");
    deploy.to = VersionId("v2");
    deploy.is_first_hand = true;
    deploy.at = began_at - 3s;
    note(scene.state, deploy);
    const Menu menu = scene.find().menu;
    CHECK(menu.items.front().remedy ==
          Remedy(Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")}));
    CHECK(scene.offers_restart());
}

}  // namespace homeostat::diagnose
