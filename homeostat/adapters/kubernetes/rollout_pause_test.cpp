#include "homeostat/adapters/kubernetes/rollout_pause.hpp"

#include "homeostat/adapters/kubernetes/rollback.hpp"
#include "homeostat/adapters/kubernetes/runtime_world_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

/// "crash" is being rolled out: its first pod crashes beside the three that there were.
struct RolloutWorld : RuntimeWorld {
    VersionId good{current()};

    RolloutWorld() { deploy("crash"); }

    [[nodiscard]] SetPaused pausing() { return SetPaused{options.service, current(), true}; }
    [[nodiscard]] SetPaused resuming() { return SetPaused{options.service, current(), false}; }
    [[nodiscard]] RolloutFacts rollout() { return facts().rollout.value(); }
    [[nodiscard]] std::string mark() {
        return text_at(deployment(), {"metadata", "annotations", effect_annotation});
    }
    [[nodiscard]] bool is_paused() {
        const json::value* paused = look(deployment(), {"spec", "paused"});
        return paused != nullptr && paused->get_bool();
    }

    /// As `kubectl rollout pause` and `resume`.
    void pause_by_hand() {
        ApiWrite write{.method = "PATCH",
                       .path = deployments + "/pay",
                       .content_type = "application/json-patch+json",
                       .body = R"([{"op":"add","path":"/spec/paused","value":true}])",
                       .is_dry_run = false,
                       .manager = "kubectl-rollout"};
        REQUIRE(run_at_once(api.write(std::move(write), soon()))->status == 200);
    }
    void resume_by_hand() {
        at(deployment(), {"spec"}).as_object().erase("paused");
        at(deployment(), {"metadata", "managedFields"}) = json::array{};
        at(deployment(), {"metadata", "generation"}) =
            number_at(deployment(), {"metadata", "generation"}) + 1;
        api.touch(deployment());
        api.settle();
    }
};

}  // namespace

TEST_CASE("a rollout is let stand with its mark in the same write, and let go on likewise") {
    RolloutWorld world;
    CHECK(world.rollout().is_under_way);
    CHECK_FALSE(world.rollout().is_paused);
    const SetPaused step = world.pausing();
    const std::size_t pods_count = world.pod_uids().size();
    Outcome outcome = world.perform(step, "i-7.e2");
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(world.is_paused());
    CHECK(world.mark() == "i-7.e2 " + step.version.text() + " paused");
    CHECK(world.rollout().is_paused_by_us());
    CHECK(world.rollout().paused_by == EffectId{"i-7.e2"});
    CHECK(world.rollout().resume_words == "kubectl --namespace shop rollout resume deployment/pay");
    CHECK(world.image() == "lab.local/pay:crash");
    CHECK(world.current() == step.version);
    CHECK(world.pod_uids().size() == pods_count);
    // Whose effect started a pod is not what lets the rollout stand.
    for (const RuntimeInstance& one : world.facts().instances) {
        CHECK(one.effect.empty());
    }

    outcome = world.perform(world.resuming(), "i-7.e3");
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK_FALSE(world.is_paused());
    CHECK(world.mark() == "i-7.e3 " + step.version.text() + " resumed");
    CHECK_FALSE(world.rollout().is_paused);
    CHECK(world.rollout().paused_by.empty());
}

TEST_CASE("it is refused where its preconditions fail, and changes nothing") {
    RolloutWorld world;
    SetPaused foreign = world.pausing();
    foreign.service = ServiceId{"fraud"};
    SetPaused older = world.pausing();
    older.version = world.good;
    const json::value before = world.deployment();
    for (const SetPaused& step : {foreign, older, world.resuming()}) {
        const Outcome outcome = world.perform(step);
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
        CHECK(world.deployment() == before);
    }
    CHECK(world.perform(world.pausing()).kind == OutcomeKind::done);
    const Outcome twice = world.perform(world.pausing(), "i-1.e2");
    CHECK(twice.kind == OutcomeKind::refused);
    CHECK(world.rollout().paused_by == EffectId{"i-1.e1"});
}

TEST_CASE(
    "somebody else's pause is theirs: it is not ended, not written over and not rolled back") {
    RolloutWorld world;
    world.pause_by_hand();
    CHECK(world.rollout().is_paused);
    CHECK_FALSE(world.rollout().is_paused_by_us());
    const json::value before = world.deployment();
    CHECK(world.perform(world.pausing()).kind == OutcomeKind::refused);
    CHECK(world.perform(world.resuming()).kind == OutcomeKind::refused);
    const Outcome back = world.perform(world.rollback());
    CHECK(back.kind == OutcomeKind::refused);
    CHECK(back.because.contains("paused by somebody else"));
    CHECK(world.deployment() == before);
}

TEST_CASE("whoever lets ours go on and pauses it again has a pause of his own") {
    RolloutWorld world;
    REQUIRE(world.perform(world.pausing()).kind == OutcomeKind::done);
    world.resume_by_hand();
    CHECK_FALSE(world.rollout().is_paused);
    world.pause_by_hand();
    CHECK(world.mark().ends_with(" paused"));  // Ours still stands there.
    CHECK_FALSE(world.rollout().is_paused_by_us());
    CHECK(world.perform(world.resuming(), "i-1.e2").kind == OutcomeKind::refused);
    CHECK(world.is_paused());
}

TEST_CASE("our pause ends though another template has come, of which nothing is made until then") {
    for (const char* tag : {"v1", "v3"}) {
        CAPTURE(tag);
        RolloutWorld world;
        const SetPaused back = world.resuming();
        REQUIRE(world.perform(world.pausing(), "i-1.e1").kind == OutcomeKind::done);
        world.deploy(tag);
        CHECK(world.is_paused());
        const bool is_known = world.image() == "lab.local/pay:v1";
        CHECK(world.current() == (is_known ? world.good : VersionId{}));
        CHECK(world.rollout().is_paused_by_us());
        SetPaused of_another = back;
        of_another.version = world.good;
        const Outcome foreign = world.perform(of_another, "i-1.e2");
        CHECK_MESSAGE(foreign.kind == OutcomeKind::refused, foreign.because);
        CHECK(world.is_paused());

        const Outcome outcome = world.perform(back, "i-1.e3");
        CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
        CHECK_FALSE(world.is_paused());
        world.api.settle();
        CHECK(world.current().text().starts_with(std::string(tag) + "-"));
        CHECK(count_of(world.facts(), &RuntimeInstance::is_answering) == 3);
    }
}

TEST_CASE("behind somebody else's pause a template of which nothing is made is not read as done") {
    RolloutWorld world;
    world.pause_by_hand();
    world.deploy("v3");
    CHECK_FALSE(world.try_read().has_value());
}

TEST_CASE("a rollback ends a pause of ours in the same write, and only one of ours") {
    RolloutWorld world;
    REQUIRE(world.perform(world.pausing(), "i-1.e1").kind == OutcomeKind::done);
    const Outcome outcome = world.perform(world.rollback(), "i-1.e2");
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK_FALSE(world.is_paused());
    CHECK(world.image() == "lab.local/pay:v1");
    CHECK(world.current() == world.good);
    CHECK(world.mark().starts_with("i-1.e2 "));
    CHECK(count_of(world.facts(), &RuntimeInstance::is_answering) == 3);
}

TEST_CASE("a rival between our look and our write keeps what he did") {
    for (const bool is_at_rehearsal : {true, false}) {
        for (const bool is_of_rollback : {true, false}) {
            CAPTURE(is_at_rehearsal);
            CAPTURE(is_of_rollback);
            RolloutWorld world;
            REQUIRE(world.perform(world.pausing(), "i-1.e1").kind == OutcomeKind::done);
            const Step step = is_of_rollback ? Step{world.rollback()} : Step{world.resuming()};
            bool has_come = false;
            world.api.before_write = [&](const ApiWrite& write) {
                if (write.is_dry_run == is_at_rehearsal && !has_come) {
                    has_come = true;
                    world.resume_by_hand();
                }
            };
            const Outcome outcome = world.perform(step, "i-1.e2");
            CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
            world.api.before_write = nullptr;
            CHECK(world.image() == "lab.local/pay:crash");
            CHECK_FALSE(world.mark().starts_with("i-1.e2"));
        }
    }
    RolloutWorld world;
    const SetPaused step = world.pausing();
    bool has_come = false;
    world.api.before_write = [&](const ApiWrite& write) {
        if (!write.is_dry_run && !has_come) {
            has_come = true;
            world.pause_by_hand();
        }
    };
    CHECK(world.perform(step).kind == OutcomeKind::refused);
    CHECK_FALSE(world.rollout().is_paused_by_us());
}

TEST_CASE("what the server answers decides what became of it") {
    struct Case {
        std::string_view name;
        std::vector<std::optional<Trouble>> troubles;  ///< Of the rehearsal, then of the write.
        OutcomeKind kind;
        bool is_paused;
    };
    const std::vector<Case> cases{
        {"all is well", {}, OutcomeKind::done, true},
        {"forbidden", {answered(403)}, OutcomeKind::refused, false},
        {"a webhook does not answer", {answered(500)}, OutcomeKind::refused, false},
        {"the rehearsal is lost", {lost(Fault::late, false)}, OutcomeKind::refused, false},
        {"conflict", {std::nullopt, answered(409)}, OutcomeKind::refused, false},
        {"500", {std::nullopt, answered(500)}, OutcomeKind::unknown, false},
        {"lost before its effect",
         {std::nullopt, lost(Fault::late, false)},
         OutcomeKind::unknown,
         false},
        {"lost after its effect",
         {std::nullopt, lost(Fault::broken, true)},
         OutcomeKind::unknown,
         true},
        {"an answer that shows nothing",
         {std::nullopt, Trouble{.answer = ApiReply{.status = 200}, .has_effect = true}},
         OutcomeKind::unknown,
         true}};
    for (const Case& one : cases) {
        CAPTURE(one.name);
        RolloutWorld world;
        const SetPaused step = world.pausing();
        world.api.write_troubles.assign(one.troubles.begin(), one.troubles.end());
        const Outcome outcome = world.perform(step, "i-1.e1");
        CHECK_MESSAGE(outcome.kind == one.kind, outcome.because);
        CHECK(world.is_paused() == one.is_paused);
        CHECK(world.rollout().is_paused_by_us() == one.is_paused);
    }
}

TEST_CASE("a mark of anything else is none of a pause") {
    DeploymentView view;
    view.is_paused = true;
    view.paused_manager = "homeostat";
    view.effect = "i-1.e1 v2-b paused";
    CHECK(pause_mark_of(view) == PauseMark{EffectId{"i-1.e1"}, VersionId{"v2-b"}});
    CHECK(annotation_text(*pause_mark_of(view), true) == view.effect);
    for (const char* text : {"", "paused", "i-1.e1 paused", "i-1.e1 v2-b resumed", "i-1.e1 v2 v1",
                             "i-1.e1 v2-b paused ", "i 1 v2 paused", " v2-b paused", "a  paused"}) {
        CAPTURE(text);
        DeploymentView other = view;
        other.effect = text;
        CHECK_FALSE(pause_mark_of(other));
    }
    DeploymentView theirs = view;
    theirs.paused_manager = "kubectl-rollout";
    CHECK_FALSE(pause_mark_of(theirs));
    theirs.paused_manager = "";  // Nobody says who: not known to be ours.
    CHECK_FALSE(pause_mark_of(theirs));
    DeploymentView running = view;
    running.is_paused = false;
    CHECK_FALSE(pause_mark_of(running));
}

TEST_CASE("a rollout is under way while pods of an earlier version are wanted") {
    RuntimeWorld world;
    CHECK_FALSE(world.facts().rollout->is_under_way);
    world.deploy("v2");
    CHECK_FALSE(world.facts().rollout->is_under_way);  // It is through at once.
    world.deploy("crash");
    CHECK(world.facts().rollout->is_under_way);
}

}  // namespace homeostat::adapters::kubernetes
