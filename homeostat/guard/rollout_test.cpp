// The rules about letting a rollout stand, and letting it go on.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::seconds;

namespace {

const Remedy pause_v2 = PauseRollout{payments, v2};
const Remedy resume_v2 = ResumeRollout{payments, v2};
const Step stand_step = SetPaused{payments, v2, true};
const Step go_on_step = SetPaused{payments, v2, false};

/// v2 is being rolled out: payments-2 runs it, the other two run v1.
Scene rollout_scene() {
    Scene scene = scene_of(pause_v2);
    scene.limits.autonomy[RemedyKind::pause_rollout] = Autonomy::act;
    scene.facts.is_orchestrated = true;
    scene.facts.rollout = RolloutFacts{.is_under_way = true};
    scene.facts.instances[0].runtime.version = v1;
    scene.facts.instances[1].runtime.version = v1;
    scene.facts.instances[2].runtime.version = v2;
    return scene;
}

/// What another incident saw: the rollout goes on.
Entry look_entry(Facts facts, Instant at) {
    facts.read_at = at;
    VerdictBody body;
    body.remedy = restart_0;
    body.verdict.kind = VerdictKind::refusal;
    body.grounds.emplace();
    body.grounds->asked_at = at;
    body.grounds->facts = std::move(facts);
    return entry_of(EntryKind::verdict, incident_other, body);
}

void stand(Facts& facts, const std::string& effect) {
    facts.rollout->is_paused = true;
    facts.rollout->paused_by = EffectId(effect);
}

/// It stands by this incident's hand, and is held.
Scene standing_scene() {
    Scene scene = rollout_scene();
    learn_effect(scene.history, {incident, "i-1.e1", pause_v2, stand_step}, now - seconds{60});
    scene.history.learn(held_entry(incident, pause_v2), now - seconds{60});
    stand(scene.facts, "i-1.e1");
    scene.asked.remedy = resume_v2;
    scene.asked.is_undo = true;
    scene.asked.is_contained = true;
    return scene;
}

}  // namespace

TEST_CASE("a rollout is let stand while it is under way and enough of the old serve on") {
    CHECK(rollout_scene().is_permitted());
    CHECK(rollout_scene().ask(stand_step));

    Scene complete = rollout_scene();
    complete.facts.rollout->is_under_way = false;
    CHECK(complete.refuses(catalogue_rule));
    Scene nobody = rollout_scene();
    nobody.facts.rollout.reset();
    CHECK(nobody.refuses(catalogue_rule));
    Scene another = rollout_scene();
    another.facts.versions.deploy.current = v1;
    CHECK(another.refuses(catalogue_rule));
    CHECK(another.refuses(stand_step, catalogue_rule));
    Scene foreign = rollout_scene();
    foreign.asked.remedy = PauseRollout{ServiceId("fraud"), v2};
    CHECK(foreign.refuses(catalogue_rule));
    Scene watched = rollout_scene();
    watched.limits.autonomy.erase(RemedyKind::pause_rollout);
    CHECK(watched.refuses(autonomy_rule));
}

TEST_CASE("where fewer of the old serve than have to the rollout goes on, and is asked for again") {
    Scene few = rollout_scene();
    few.facts.instances[0].runtime.is_answering = false;
    CHECK(few.refuses(catalogue_rule));
    CHECK(few.verdict().again_at == now + ask_again_after);
    few.limits.min_healthy = 1;
    CHECK(few.is_permitted());
    few.facts.instances[1].rotation = Rotation::draining;
    CHECK(few.refuses(catalogue_rule));
    few.limits.min_healthy = 0;  // One at least: without any old one it would keep what is ill.
    CHECK(few.refuses(catalogue_rule));
}

TEST_CASE("a pause of anybody's is neither ours to write over nor to end") {
    for (const char* effect : {"", "i-9.e1"}) {
        CAPTURE(effect);
        Scene paused = rollout_scene();
        stand(paused.facts, effect);
        CHECK(paused.refuses(catalogue_rule));
        CHECK(paused.refuses(stand_step, catalogue_rule));
    }
    Scene theirs = standing_scene();
    stand(theirs.facts, "");
    CHECK(theirs.refuses(go_on_step, step_rule));
    Scene ours = standing_scene();
    CHECK(ours.ask(go_on_step));
}

TEST_CASE("an old instance that is ill is no reason to let the rollout stand that replaces it") {
    Scene scene = rollout_scene();
    scene.asked.symptom.kind = SymptomKind::instance_not_answering;
    for (InstanceFacts& instance : scene.facts.instances) {
        scene.asked.symptom.subject = {SubjectKind::instance, instance.runtime.instance.text()};
        Scene asked = scene;
        asked.limits.min_healthy = 1;
        for (InstanceFacts& one : asked.facts.instances) {
            one.runtime.is_answering = one.runtime.instance != instance.runtime.instance;
        }
        CHECK(asked.is_permitted() == (instance.runtime.version == v2));
    }
}

TEST_CASE(
    "a rollout goes on only as what is taken back, and while all that it has brought answer") {
    CHECK(standing_scene().is_permitted());
    Scene asked_for = standing_scene();
    asked_for.asked.is_undo = false;
    CHECK(asked_for.refuses(catalogue_rule));
    Scene never_paused = rollout_scene();
    never_paused.asked.remedy = resume_v2;
    never_paused.asked.is_undo = true;
    CHECK(never_paused.refuses(catalogue_rule));

    Scene silent = standing_scene();
    silent.facts.instances[2].runtime.is_answering = false;
    CHECK(silent.refuses(catalogue_rule));
    CHECK(silent.refuses(go_on_step, catalogue_rule));
    Scene ended = standing_scene();
    end_process(ended.facts.instances[2]);
    CHECK(ended.refuses(catalogue_rule));
    Scene none = standing_scene();
    none.facts.instances[2].runtime.version = v1;
    CHECK(none.refuses(catalogue_rule));
    Scene old_silent = standing_scene();
    old_silent.facts.instances[0].runtime.is_answering = false;
    CHECK(old_silent.is_permitted());
}

TEST_CASE("our pause may end whatever answers, once something else is to be rolled out") {
    for (const VersionId& current : {v1, VersionId{}}) {
        CAPTURE(current.text());
        Scene replaced = standing_scene();
        replaced.facts.versions.deploy.current = current;
        CHECK(replaced.is_permitted());
        CHECK(replaced.ask(go_on_step));
        replaced.facts.instances[2].runtime.is_answering = false;
        CHECK(replaced.is_permitted());
        CHECK(replaced.ask(go_on_step));
        Scene theirs = replaced;
        stand(theirs.facts, "");
        CHECK(theirs.refuses(go_on_step, step_rule));
        Scene ordered = replaced;
        ordered.asked.is_undo = false;
        CHECK(ordered.refuses(catalogue_rule));
    }
}

TEST_CASE("whoever lets a rollout go on twice that we let stand is left alone, and a person told") {
    Scene scene = rollout_scene();
    scene.limits.cool_down = Duration{0};
    for (int number = 1; number <= 2; ++number) {
        CHECK(scene.is_permitted());
        const IncidentId of("i-2" + std::to_string(number));
        const std::string effect = of.text() + ".e1";
        const Instant at = now - seconds{400} + seconds{100} * number;
        learn_effect(scene.history, {of, effect, pause_v2, stand_step}, at);
        scene.history.learn(look_entry(scene.facts, at + seconds{5}), at + seconds{5});
        scene.history.learn(closed_entry(of), at + seconds{6});
    }
    CHECK(scene.escalates(taken_back_rule));
}

TEST_CASE("a rollout that we let go on ourselves, or that was replaced, was taken back by nobody") {
    Scene scene = rollout_scene();
    for (int number = 1; number <= 3; ++number) {
        const IncidentId of("i-2" + std::to_string(number));
        const Instant at = now - seconds{500} + seconds{100} * number;
        learn_effect(scene.history, {of, of.text() + ".e1", pause_v2, stand_step}, at);
        IntentBody back;
        back.effect = EffectId(of.text() + ".e2");
        back.remedy = resume_v2;
        back.step = go_on_step;
        back.is_undo = true;
        scene.history.learn(entry_of(EntryKind::intent, of, back), at + seconds{5});
        scene.history.learn(outcome_entry(of, of.text() + ".e2", OutcomeKind::done),
                            at + seconds{5});
        scene.history.learn(closed_entry(of), at + seconds{6});
    }
    scene.limits.cool_down = Duration{0};
    CHECK(scene.is_permitted());
}

}  // namespace homeostat::guard
