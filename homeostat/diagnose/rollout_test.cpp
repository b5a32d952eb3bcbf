// When it is offered to let a rollout stand.

#include "homeostat/diagnose/diagnose.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace homeostat::diagnose {

namespace {

using namespace std::chrono_literals;

const Instant began_at{1h};
const ServiceId payments("payments");
const Subject whole{SubjectKind::service, "payments"};

/// Half of what users ask fails since v2 is rolled out; two old instances serve on.
struct Scene {
    State state;
    Inventory inventory;
    Symptom symptom{.kind = SymptomKind::errors,
                    .subject = whole,
                    .observer = Observer::edge,
                    .value = 0.5,
                    .limit = 0.005,
                    .began_at = began_at,
                    .noticed_at = began_at + 1s};

    Scene() {
        inventory.service = payments;
        inventory.instances = {InstanceId("payments-0"), InstanceId("payments-1")};
        inventory.neighbours = {ServiceId("fraud")};
        inventory.has_versions = true;
        inventory.has_configs = true;
        inventory.has_edge = true;
        inventory.is_orchestrated = true;
        inventory.may_pause = true;
        change(ChangeKind::deploy, "v1", "v2", began_at - 3s);
        say(SignalKind::requests_count, whole, 300);
        say(SignalKind::errors_count, whole, 150);
        say(SignalKind::old_count, whole, 2);
    }

    void change(ChangeKind kind, const char* from, const char* to, Instant at) {
        Change change;
        change.kind = kind;
        change.service = payments;
        change.from = VersionId(from);
        change.to = VersionId(to);
        change.is_first_hand = true;
        change.at = at;
        note(state, change);
    }
    void say(SignalKind kind, const Subject& subject, double value) {
        Signal signal;
        signal.kind = kind;
        signal.observer = kind == SignalKind::old_count ? Observer::process : Observer::edge;
        signal.subject = subject;
        signal.value = value;
        signal.at = began_at + 1s;
        observe(state, std::array{signal}, signal.at);
    }

    [[nodiscard]] Menu menu(std::vector<RemedyKind> tried = {}) const {
        return diagnose(state, symptom, inventory, tried, {}).menu;
    }
    [[nodiscard]] bool offers(const std::vector<RemedyKind>& tried = {}) const {
        const Menu now = menu(tried);
        return std::ranges::find(now.items, Remedy{PauseRollout{payments, VersionId("v2")}},
                                 &MenuItem::remedy) != now.items.end();
    }
};

}  // namespace

TEST_CASE("a rollout under way may be let stand, and its rollback stands above that") {
    const Scene scene;
    CHECK(scene.offers());
    const Menu menu = scene.menu();
    REQUIRE(menu.items.size() >= 2);
    CHECK(menu.items[0].remedy ==
          Remedy{Rollback{payments, VersionId("v2"), VersionId("v1"), Artifact::deploy}});
    CHECK(kind_of(menu.items[1].remedy) == RemedyKind::pause_rollout);
}

TEST_CASE("it is not offered where there is none, or where it is not what is ill") {
    Scene complete;
    complete.say(SignalKind::old_count, whole, 0);
    CHECK_FALSE(complete.offers());
    Scene watched;
    watched.inventory.may_pause = false;
    CHECK_FALSE(watched.offers());
    Scene long_ago;
    long_ago.state.changes.front().at = began_at - 2h;
    CHECK_FALSE(long_ago.offers());
    Scene ours;
    ours.state.changes.front().is_ours = true;
    CHECK_FALSE(ours.offers());
    Scene configured;  // The later change is the suspect.
    configured.change(ChangeKind::config, "c1", "c2", began_at - 1s);
    CHECK_FALSE(configured.offers());
    Scene let_down;
    let_down.say(SignalKind::requests_count, {SubjectKind::neighbour, "fraud"}, 300);
    let_down.say(SignalKind::errors_count, {SubjectKind::neighbour, "fraud"}, 150);
    CHECK_FALSE(let_down.offers());
    CHECK_FALSE(Scene{}.offers({RemedyKind::pause_rollout}));
}

TEST_CASE("whoever let a rollout stand is offered its rollback as the cure") {
    const Menu menu = Scene{}.menu({RemedyKind::pause_rollout});
    CHECK(kind_of(menu.items.front().remedy) == RemedyKind::rollback);
}

}  // namespace homeostat::diagnose
