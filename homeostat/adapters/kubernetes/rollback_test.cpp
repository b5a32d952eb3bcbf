#include "homeostat/adapters/kubernetes/rollback.hpp"

#include "homeostat/adapters/kubernetes/runtime_world_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

TEST_CASE("a rollback brings the old template back, with its mark in the same write") {
    RuntimeWorld world;
    const VersionId good = world.current();
    world.deploy("crash");
    const SwapVersion step = world.rollback();
    CHECK(step.from.text().starts_with("crash-"));
    CHECK(step.to == good);
    const Outcome outcome = world.perform(step, "i-7.e2");
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(world.current() == good);
    CHECK(world.image() == "lab.local/pay:v1");
    const json::value& marks = at(world.deployment(), {"metadata", "annotations"});
    CHECK(text_at(marks, {effect_annotation}) ==
          "i-7.e2 " + step.from.text() + " " + step.to.text());
    CHECK(text_at(marks, {"kubernetes.io/change-cause"}) ==
          "homeostat i-7.e2: rollback to " + good.text());
    const RuntimeFacts facts = world.facts();
    CHECK(count_of(facts, &RuntimeInstance::is_answering) == 3);
    CHECK(count_of(facts, &RuntimeInstance::is_wanted) == 3);
    // It has the same hash again, so the older ReplicaSet and no new one.
    CHECK(facts.versions.deploy.present.size() == 2);
}

TEST_CASE("the template is tested as the server writes it, byte by byte") {
    DeploymentView seen;
    seen.uid = "u1";
    seen.pod_template = json::object{{"command", "a && b <c> \xe2\x80\xa8 \xe2\x80\xa9 \xc3\xa9"}};
    ReplicaSetView target;
    target.pod_template = json::object{{"command", "a"}};
    const SwapVersion step{ServiceId{"pay"}, VersionId{"v2-b"}, VersionId{"v1-a"}};
    const std::string patch = rollback_patch(step, EffectId{"i-1.e1"}, seen, target);
    CHECK(patch == R"([{"op":"test","path":"/metadata/uid","value":"u1"},)"
                   R"({"op":"test","path":"/spec/template","value":{"command":)"
                   R"("a \u0026\u0026 b \u003cc\u003e \u2028 \u2029 )"
                   "\xc3\xa9"
                   R"("}},{"op":"replace","path":"/spec/template","value":{"command":"a"}},)"
                   R"({"op":"add","path":"/metadata/annotations/homeostat.dev~1effect",)"
                   R"("value":"i-1.e1 v2-b v1-a"},)"
                   R"({"op":"add","path":"/metadata/annotations/kubernetes.io~1change-cause",)"
                   R"("value":"homeostat i-1.e1: rollback to v1-a"}])");
}

TEST_CASE("a rollback is refused where its preconditions fail, and changes nothing") {
    RuntimeWorld world;
    world.deploy("v2");
    const SwapVersion good = world.rollback();
    SwapVersion moved = good;
    moved.from = good.to;
    SwapVersion gone = good;
    gone.to = VersionId{"v0-0000000000"};
    SwapVersion same = good;
    same.to = good.from;
    SwapVersion foreign = good;
    foreign.service = ServiceId{"fraud"};
    SwapVersion config = good;
    config.artifact = Artifact::config;
    const json::value before = world.deployment();
    for (const SwapVersion& step : {moved, gone, same, foreign, config}) {
        const Outcome outcome = world.perform(step);
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
        CHECK(world.deployment() == before);
    }
    at(world.deployment(), {"spec", "paused"}) = true;
    const Outcome paused = world.perform(good);
    CHECK(paused.kind == OutcomeKind::refused);
    CHECK(paused.because.contains("paused"));
    CHECK(world.image() == "lab.local/pay:v2");
    CHECK(world.runtime->performs(good));
    CHECK_FALSE(world.runtime->performs(config));
}

TEST_CASE("a rival who changes the template between our look and our patch keeps his change") {
    for (const bool is_at_rehearsal : {true, false}) {
        CAPTURE(is_at_rehearsal);
        RuntimeWorld world;
        world.deploy("crash");
        const SwapVersion step = world.rollback();
        world.api.before_write = [&](const ApiWrite& write) {
            if (write.is_dry_run == is_at_rehearsal) {
                world.deploy("v3");
            }
        };
        const Outcome outcome = world.perform(step);
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
        CHECK(world.image() == "lab.local/pay:v3");
        world.api.before_write = nullptr;
        CHECK(world.current().text().starts_with("v3-"));
    }
}

TEST_CASE("a Deployment that was made anew under the name is another one") {
    RuntimeWorld world;
    world.deploy("crash");
    const SwapVersion step = world.rollback();
    world.api.before_write = [&](const ApiWrite&) {
        at(world.deployment(), {"metadata", "uid"}) = "made-anew";
    };
    CHECK(world.perform(step).kind == OutcomeKind::refused);
    CHECK(world.image() == "lab.local/pay:crash");
}

TEST_CASE("what the server answers to a rollback decides what became of it") {
    struct Case {
        std::string_view name;
        std::vector<std::optional<Trouble>> troubles;  ///< Of the rehearsal, then of the write.
        OutcomeKind kind;
        bool is_back;  ///< Whether the old template is in force afterwards.
    };
    const std::vector<Case> cases{
        {"all is well", {}, OutcomeKind::done, true},
        {"forbidden", {answered(403)}, OutcomeKind::refused, false},
        {"invalid", {answered(422)}, OutcomeKind::refused, false},
        {"a webhook does not answer", {answered(500)}, OutcomeKind::refused, false},
        {"the rehearsal is lost", {lost(Fault::late, false)}, OutcomeKind::refused, false},
        {"conflict", {std::nullopt, answered(409)}, OutcomeKind::refused, false},
        {"gone", {std::nullopt, answered(404)}, OutcomeKind::refused, false},
        {"throttled", {std::nullopt, answered(429)}, OutcomeKind::refused, false},
        {"no server any more",
         {std::nullopt, lost(Fault::unreachable, false)},
         OutcomeKind::refused,
         false},
        {"500", {std::nullopt, answered(500)}, OutcomeKind::unknown, false},
        {"408", {std::nullopt, answered(408)}, OutcomeKind::unknown, false},
        {"lost before its effect",
         {std::nullopt, lost(Fault::late, false)},
         OutcomeKind::unknown,
         false},
        {"lost after its effect",
         {std::nullopt, lost(Fault::broken, true)},
         OutcomeKind::unknown,
         true},
        {"504 after its effect",
         {std::nullopt,
          Trouble{.answer = status_reply(504, "Timeout", "etcd"), .has_effect = true}},
         OutcomeKind::unknown,
         true},
        {"an answer that shows no template",
         {std::nullopt, Trouble{.answer = ApiReply{.status = 200}, .has_effect = true}},
         OutcomeKind::unknown,
         true},
    };
    for (const Case& one : cases) {
        CAPTURE(one.name);
        RuntimeWorld world;
        world.deploy("crash");
        const SwapVersion step = world.rollback();
        world.api.write_troubles.assign(one.troubles.begin(), one.troubles.end());
        const Outcome outcome = world.perform(step);
        CHECK_MESSAGE(outcome.kind == one.kind, outcome.because);
        CHECK_FALSE(outcome.because.empty());
        world.come();
        CHECK(world.current() == (one.is_back ? step.to : step.from));
    }
}

TEST_CASE("a template that the cluster would change on its way is not written") {
    RuntimeWorld world;
    world.deploy("crash");
    const SwapVersion step = world.rollback();
    ApiReply changed{.status = 200, .body = world.deployment()};
    world.api.write_troubles.emplace_back(Trouble{.answer = changed});
    const Outcome outcome = world.perform(step);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(world.image() == "lab.local/pay:crash");
}

}  // namespace homeostat::adapters::kubernetes
