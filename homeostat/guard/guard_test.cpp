// The rules about the world, the catalogue and the steps: a case in which each trips, and the
// nearest one in which it does not. rules_pace_test.cpp has those about how much and how often.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <string_view>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("guard agrees to a known remedy for a fault that it sees, and to its first step") {
    for (const Remedy& remedy : {restart_0, rolling, rollback, config_rollback}) {
        CHECK(scene_of(remedy).is_permitted());
    }
    const std::expected<Permit, Verdict> permit = scene_of(rollback).ask(swap_step);
    REQUIRE(permit);
    CHECK(permit->step() == swap_step);
    CHECK(permit->effect() == EffectId("i-1.e9"));
    CHECK(reflex_scene().is_permitted());
    CHECK(reflex_scene().ask(start_0));
}

TEST_CASE("nothing is permitted while the switch is engaged, whatever the ledger says of it") {
    Scene engaged;
    engaged.facts.is_suspended = true;
    engaged.history.learn(entry_of(EntryKind::resumed, {}, SwitchBody{"root", "done"}), now);
    CHECK(engaged.refuses(switch_rule));
    CHECK(engaged.refuses(swap_step, switch_rule));
}

TEST_CASE("a switch that was released while nobody could record it is released") {
    Scene released;
    released.history.learn(entry_of(EntryKind::suspended, {}, SwitchBody{"root", "drill"}), now);
    CHECK(released.is_permitted());
}

TEST_CASE("facts have to be complete, fresh and without contradiction") {
    Scene incomplete;
    incomplete.facts.is_complete = false;
    CHECK(incomplete.refuses(facts_rule));
    Scene scene;
    scene.facts.read_at = now - facts_age_max;
    CHECK(scene.is_permitted());
    scene.facts.read_at = now - facts_age_max - milliseconds{1};
    CHECK(scene.refuses(facts_rule));
    CHECK(scene.refuses(swap_step, facts_rule));
    scene.facts.read_at = now + milliseconds{1};
    CHECK(scene.refuses(facts_rule));
    Scene twice;
    twice.facts.instances[1].runtime.instance = payments_0;
    CHECK(twice.refuses(facts_rule));
}

TEST_CASE("an empty group means nothing, not everything") {
    for (const Remedy& remedy : {restart_0, rolling, rollback, Remedy{Observe{}}}) {
        Scene scene = scene_of(remedy);
        scene.facts.instances.clear();
        CHECK(scene.refuses(catalogue_rule));
    }
}

TEST_CASE("a target has to be in the facts") {
    CHECK(scene_of(Restart{InstanceId("payments-3")}).refuses(catalogue_rule));
    CHECK(scene_of(Restart{}).refuses(catalogue_rule));
    CHECK(scene_of(RollingRestart{ServiceId("fraud")}).refuses(catalogue_rule));
    CHECK(scene_of(RollingRestart{}).refuses(catalogue_rule));
    CHECK(scene_of(Rollback{ServiceId("fraud"), v2, v1}).refuses(catalogue_rule));
}

TEST_CASE("a rollback leads from the current version to another that is there and proven") {
    CHECK(scene_of(Rollback{payments, v1, v2}).refuses(catalogue_rule));
    CHECK(scene_of(Rollback{payments, v2, v2}).refuses(catalogue_rule));
    CHECK(scene_of(Rollback{payments, v2, VersionId("v0")}).refuses(catalogue_rule));
    CHECK(scene_of(Rollback{payments, {}, v1}).refuses(catalogue_rule));
    Scene unproven;
    unproven.facts.versions.deploy.good = {v2};
    CHECK(unproven.refuses(catalogue_rule));
    Scene absent;
    absent.facts.versions.deploy.present = {v2};
    CHECK(absent.refuses(catalogue_rule));
    Scene swapped;
    swapped.facts.versions.deploy.current = v1;
    CHECK(swapped.refuses(catalogue_rule));
}

TEST_CASE("a rollback goes on after its own swap, and only then") {
    Scene scene;
    scene.facts.versions.deploy.current = v1;
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    CHECK(scene.is_permitted());
    CHECK(scene.ask(drain_0));
    scene.history.learn(
        entry_of(EntryKind::proof, incident,
                 ProofBody{rollback,
                           Proof{.kind = ProofKind::not_helped, .observers = {}, .because = ""}}),
        now);
    CHECK(scene.refuses(catalogue_rule));
}

TEST_CASE("a rollback of the configuration leads to one that is there and proven, as such") {
    const auto config = [](const VersionId& from, const VersionId& to) {
        return scene_of(Rollback{payments, from, to, Artifact::config});
    };
    CHECK(scene_of(config_rollback).is_permitted());
    CHECK(scene_of(config_rollback).ask(config_swap_step));
    CHECK(config(c1, c2).refuses(catalogue_rule));
    CHECK(config(c2, c2).refuses(catalogue_rule));
    CHECK(config(c2, {}).refuses(catalogue_rule));
    CHECK(config(c2, VersionId("c0")).refuses(catalogue_rule));
    Scene unproven = scene_of(config_rollback);
    unproven.facts.versions.config.good = {c2};
    CHECK(unproven.refuses(catalogue_rule));
    Scene absent = scene_of(config_rollback);
    absent.facts.versions.config.present = {c2};
    CHECK(absent.refuses(catalogue_rule));
    Scene swapped = scene_of(config_rollback);
    swapped.facts.versions.config.current = c1;
    CHECK(swapped.refuses(catalogue_rule));
    Scene without = scene_of(config_rollback);
    without.facts.versions.config = {};
    CHECK(without.refuses(catalogue_rule));
}

TEST_CASE("what is true of the program's versions says nothing of the configuration's") {
    // The same names in both roots: only the artifact tells them apart.
    Scene scene = scene_of(Rollback{payments, v2, v1, Artifact::config});
    scene.facts.versions.config = {v2, {v1, v2}, {v1}};
    CHECK(scene.is_permitted());
    scene.facts.versions.deploy = {v1, {v1}, {}};
    CHECK(scene.is_permitted());
    scene.facts.versions.config.good.clear();
    scene.facts.versions.deploy = {v2, {v1, v2}, {v1}};
    CHECK(scene.refuses(catalogue_rule));
}

TEST_CASE("a step of one artifact is none of the other's rollback") {
    CHECK(scene_of(config_rollback).refuses(swap_step, step_rule));
    CHECK(scene_of(rollback).refuses(config_swap_step, step_rule));
    Scene same = scene_of(rollback);
    same.facts.versions.config = same.facts.versions.deploy;
    CHECK(same.ask(swap_step));
    CHECK(same.refuses(SwapVersion{payments, v2, v1, Artifact::config}, step_rule));
    Scene swapped = scene_of(config_rollback);
    swapped.facts.versions.config.current = c1;
    learn_effect(swapped.history, {incident, "i-1.e1", config_rollback, config_swap_step}, now);
    CHECK(swapped.ask(Replace{payments_0, {10, 1000}, v2, c1}));
    CHECK(swapped.refuses(replace_0, step_rule));
    CHECK(swapped.refuses(Replace{payments_0, {10, 1000}, v1, c1}, step_rule));
}

TEST_CASE("only the rollback that was done is undone, not that of the other artifact") {
    Scene scene = scene_of(config_rollback_undo);
    scene.asked.is_undo = true;
    scene.facts.versions.config.current = c1;
    learn_effect(scene.history, {incident, "i-1.e1", config_rollback, config_swap_step}, now);
    CHECK(scene.is_permitted());
    Scene other = scene_of(Rollback{payments, c1, c2});
    other.asked.is_undo = true;
    other.facts.versions.deploy = {c1, {c1, c2}, {}};
    other.history = scene.history;
    CHECK(other.refuses(catalogue_rule));
}

TEST_CASE("a restart is for the instance that the symptom is about") {
    Scene scene = scene_of(restart_0);
    scene.facts.instances[0].runtime.is_answering = false;
    scene.asked.symptom.kind = SymptomKind::instance_not_answering;
    scene.asked.symptom.subject = {SubjectKind::instance, "payments-0"};
    CHECK(scene.is_permitted());
    scene.asked.symptom.subject.name = "payments-1";
    CHECK(scene.refuses(catalogue_rule));
}

TEST_CASE("a reflex restarts the instance whose process ended and does nothing else") {
    Scene scene = reflex_scene();
    CHECK(scene.is_permitted());
    scene.asked.remedy = rolling;
    CHECK(scene.refuses(catalogue_rule));
    scene = reflex_scene();
    scene.asked.symptom.kind = SymptomKind::errors;
    CHECK(scene.refuses(catalogue_rule));
    scene = reflex_scene();
    scene.asked.remedy = Restart{payments_1};
    CHECK(scene.refuses(catalogue_rule));
}

TEST_CASE("choosing to observe on a live symptom is an escalation") {
    CHECK(scene_of(Observe{}).escalates("observing is no effect"));
    CHECK_FALSE(scene_of(Observe{}).ask(drain_0));
}

TEST_CASE("the autonomy of the remedy's kind decides who may act") {
    Scene scene;
    for (const Autonomy level : {Autonomy::watch, Autonomy::inform, Autonomy::recommend}) {
        scene.limits.autonomy[RemedyKind::rollback] = level;
        const Verdict verdict = scene.verdict();
        CHECK(verdict.kind == VerdictKind::refusal);
        CHECK(verdict.rule == autonomy_rule);
        CHECK_FALSE(verdict.again_at);
        CHECK(verdict.because == "rollback stands at " + std::string(to_text(level)));
    }
    scene.limits.autonomy[RemedyKind::rollback] = Autonomy::ask;
    CHECK(scene.verdict().kind == VerdictKind::question);
    CHECK_FALSE(scene.ask(swap_step));
    scene.limits.autonomy.erase(RemedyKind::rollback);
    CHECK(scene.refuses(autonomy_rule));
    CHECK(Limits{}.autonomy_of(RemedyKind::restart) == Autonomy::watch);
}

TEST_CASE("an undo of our own remedy needs no autonomy, and no other undo is one") {
    Scene scene;
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    scene.facts.versions.deploy.current = v1;
    scene.facts.versions.deploy.good = {};
    scene.limits.autonomy.clear();
    scene.asked.remedy = rollback_undo;
    scene.asked.attempts_count = scene.limits.attempts_max;
    CHECK_FALSE(scene.is_permitted());
    scene.asked.is_undo = true;
    CHECK(scene.is_permitted());
    CHECK(scene.ask(SwapVersion{payments, v1, v2}));

    scene.facts.is_suspended = true;
    CHECK(scene.refuses(switch_rule));
    scene.facts.is_suspended = false;
    scene.asked.incident = incident_other;
    CHECK(scene.refuses(catalogue_rule));
}

TEST_CASE("a remedy is undone once") {
    Scene scene;
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    IntentBody undo;
    undo.effect = EffectId("i-1.e2");
    undo.remedy = rollback_undo;
    undo.step = SwapVersion{payments, v1, v2};
    undo.is_undo = true;
    scene.history.learn(entry_of(EntryKind::intent, incident, undo), now);
    scene.history.learn(outcome_entry(incident, "i-1.e2", OutcomeKind::done), now);
    scene.asked.remedy = rollback_undo;
    scene.asked.is_undo = true;
    CHECK(scene.is_permitted());  // It is in hand: its steps go on.
    scene.history.learn(entry_of(EntryKind::proposed, incident, Proposal{}), now);
    scene.facts.versions.deploy.current = v1;
    CHECK(scene.refuses(catalogue_rule));
}

TEST_CASE("what was done is taken back although its symptom is gone") {
    Scene scene;
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    scene.facts.versions.deploy.current = v1;
    scene.asked.edge_errors_at_open = scene.facts.edge.errors_total;
    scene.asked.remedy = rollback_undo;
    scene.asked.is_undo = true;
    CHECK(scene.is_permitted());
    CHECK(scene.ask(SwapVersion{payments, v1, v2}));
}

TEST_CASE("errors count once the executor's own edge has seen more of them") {
    Scene scene;
    scene.asked.edge_errors_at_open = 7;
    const Verdict verdict = scene.verdict();
    CHECK(verdict.rule == symptom_rule);
    CHECK(verdict.again_at == now + ask_again_after);
    scene.facts.edge.errors_total = 8;
    CHECK(scene.is_permitted());
    scene.facts.edge.errors_total = 0;  // The proxy was started again, and nothing fails since.
    CHECK(scene.refuses(symptom_rule));
    scene.facts.edge.errors_total = 1;
    CHECK(scene.is_permitted());
}

TEST_CASE("without an edge errors need an instance that does not answer") {
    Scene scene = scene_of(restart_0);
    scene.facts.has_edge = false;
    CHECK(scene.refuses(symptom_rule));
    scene.facts.instances[0].runtime.is_answering = false;
    CHECK(scene.is_permitted());
}

TEST_CASE("latency needs a slow mean, a queue or a silent instance") {
    Scene scene = scene_of(rolling);
    scene.asked.symptom.kind = SymptomKind::latency;
    scene.asked.symptom.limit = 100;
    scene.facts.edge.latency_ms = 100;
    CHECK(scene.refuses(symptom_rule));
    scene.facts.edge.latency_ms = 101;
    CHECK(scene.is_permitted());
    scene.facts.edge.latency_ms = 0;
    scene.facts.edge.queue_length = 1;
    CHECK(scene.is_permitted());
    scene.facts.edge.queue_length = 0;
    scene.facts.instances[2].runtime.is_answering = false;
    CHECK(scene.is_permitted());
}

TEST_CASE("a process counts as ended and an instance as silent by the facts only") {
    Scene down = reflex_scene();
    down.facts = serving_facts();
    CHECK(down.refuses(symptom_rule));
    Scene silent = scene_of(restart_0);
    silent.asked.symptom.kind = SymptomKind::instance_not_answering;
    silent.asked.symptom.subject = {SubjectKind::instance, "payments-0"};
    CHECK(silent.refuses(symptom_rule));
    silent.facts.instances[0].runtime.is_answering = false;
    CHECK(silent.is_permitted());
}

TEST_CASE("a symptom of something that we do not guard is none") {
    Scene scene;
    scene.asked.symptom.subject = {SubjectKind::neighbour, "payments"};
    CHECK(scene.refuses(symptom_rule));
    scene.asked.symptom.subject = {SubjectKind::service, "fraud"};
    CHECK(scene.refuses(symptom_rule));
}

TEST_CASE("asking again for a symptom ends after a bounded time") {
    Scene scene;
    scene.asked.edge_errors_at_open = 7;
    scene.asked.symptom.noticed_at = now - seconds{1000};  // How long it was there is no measure,
    scene.history.learn(opened_entry(incident), now - seconds{1000});  // nor the incident's age.
    CHECK(scene.verdict().again_at);
    scene.asked.refused_since = now - ask_again_for_max + milliseconds{1};
    CHECK(scene.verdict().again_at);
    scene.asked.refused_since = now - ask_again_for_max;
    CHECK_FALSE(scene.verdict().again_at);
    scene.asked.refused_since = now + seconds{1};
    CHECK(scene.verdict().again_at);
}

TEST_CASE("a remedy in hand goes on although its own step has cured the symptom") {
    Scene scene = reflex_scene();
    learn_effect(scene.history, {incident, "i-1.e1", restart_0, start_0}, now);
    learn_own_drain(scene.history, payments_0);
    scene.facts = serving_facts();
    scene.facts.instances[0].rotation = Rotation::draining;
    CHECK(scene.ask(undrain_0));
}

TEST_CASE("one remedy is in hand at a time, of whatever incident") {
    Scene scene;
    scene.history.learn(intent_entry(incident_other, "i-2.e1", restart_0, drain_0), now);
    CHECK(scene.refuses(one_rule));
    CHECK(scene.refuses(swap_step, one_rule));
    scene.history.learn(outcome_entry(incident_other, "i-2.e1", OutcomeKind::done), now);
    CHECK(scene.refuses(one_rule));  // Between two steps it is still in hand.
    scene.history.learn(entry_of(EntryKind::escalated, incident_other, EscalatedBody{"x"}), now);
    CHECK(scene.is_permitted());
}

TEST_CASE("a dead process is started beside a remedy at another instance, never at the same one") {
    struct Row {
        Step theirs;
        bool is_permitted;
    };
    const Step replace_1 = Replace{payments_1, {11, 1000}, v2, c2};
    for (const Row& row :
         {Row{Drain{payments_1}, true}, Row{replace_1, true}, Row{Undrain{payments_1}, true},
          Row{drain_0, false}, Row{replace_0, false}, Row{undrain_0, false}, Row{swap_step, false},
          Row{open_step, true}, Row{route_step, true}, Row{invalidate_step, true}}) {
        CAPTURE(describe(row.theirs));
        for (const bool is_settled : {false, true}) {
            Scene scene = reflex_scene();
            scene.history.learn(intent_entry(incident_other, "i-2.e1", rolling, row.theirs), now);
            if (is_settled) {
                scene.history.learn(outcome_entry(incident_other, "i-2.e1", OutcomeKind::done),
                                    now);
            }
            CHECK(scene.is_permitted() == row.is_permitted);
            CHECK(scene.refuses(one_rule) != row.is_permitted);
            CHECK(scene.ask(start_0).has_value() == row.is_permitted);
        }
    }
}

TEST_CASE("a remedy goes on beside the start of a dead process, away from it and above the floor") {
    Scene scene = scene_of(rolling);
    end_process(scene.facts.instances[0]);
    scene.facts.instances[1].rotation = Rotation::draining;
    learn_effect(scene.history, {incident, "i-1.e1", rolling, Drain{payments_1}}, now);
    IntentBody start;
    start.effect = EffectId("i-2.e1");
    start.remedy = restart_0;
    start.step = start_0;
    start.is_reflex = true;
    scene.history.learn(entry_of(EntryKind::intent, incident_other, start), now);
    CHECK(scene.ask(Replace{payments_1, {11, 1000}, v2, c2}));
    CHECK(scene.ask(Undrain{payments_1}));
    CHECK(scene.refuses(start_0, one_rule));
    CHECK(scene.refuses(Drain{payments_2}, floor_rule));
    CHECK(scene.refuses(one_rule));  // Not as a whole: that would begin it at the dead one too.
    Scene other_remedy = scene;
    other_remedy.asked.remedy = Restart{payments_1};
    CHECK(other_remedy.refuses(Undrain{payments_1}, one_rule));  // It is not in hand.
}

TEST_CASE("what is done at the edge or in a cache goes on beside the start of a dead process") {
    Scene scene = scene_of(reroute_quotes);
    learn_effect(scene.history, {incident, "i-1.e1", reroute_quotes, route_step}, now);
    scene.facts.routes.front().is_to_source = true;
    IntentBody start;
    start.effect = EffectId("i-2.e1");
    start.remedy = restart_0;
    start.step = start_0;
    start.is_reflex = true;
    scene.history.learn(entry_of(EntryKind::intent, incident_other, start), now);
    CHECK(scene.ask(invalidate_step));
}

TEST_CASE("a version is not swapped beside the start of a dead process") {
    Scene scene = scene_of(rollback);
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    IntentBody start;
    start.effect = EffectId("i-2.e1");
    start.remedy = restart_0;
    start.step = start_0;
    start.is_reflex = true;
    scene.history.learn(entry_of(EntryKind::intent, incident_other, start), now);
    CHECK(scene.refuses(swap_step, one_rule));
}

TEST_CASE("two dead processes are started one after the other") {
    Scene scene = reflex_scene();
    end_process(scene.facts.instances[1]);
    IntentBody start;
    start.effect = EffectId("i-2.e1");
    start.remedy = Restart{payments_1};
    start.step = Replace{payments_1, {}, v2, c2};
    start.is_reflex = true;
    scene.history.learn(entry_of(EntryKind::intent, incident_other, start), now);
    CHECK(scene.refuses(one_rule));
    CHECK(scene.refuses(start_0, one_rule));
}

TEST_CASE("an effect without a trustworthy outcome stops the next until the world was read") {
    Scene scene;
    scene.history.learn(intent_entry(incident, "i-1.e1", rollback, swap_step), now);
    CHECK(scene.refuses(swap_step, one_rule));
    scene.history.learn(outcome_entry(incident, "i-1.e1", OutcomeKind::unknown), now);
    CHECK(scene.refuses(swap_step, one_rule));
    scene.history.learn(outcome_entry(incident, "i-1.e1", OutcomeKind::unknown, true), now);
    CHECK(scene.ask(swap_step));
}

TEST_CASE("an effect that was announced is never permitted a second time") {
    Scene scene;
    CHECK(scene.ask(swap_step, "i-1.e1"));
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    const auto again = scene.ask(swap_step, "i-1.e1");
    REQUIRE_FALSE(again);
    CHECK(again.error().rule == step_rule);
    CHECK_FALSE(scene.ask(swap_step, ""));
}

TEST_CASE("a swap belongs to a rollback between the same versions") {
    CHECK(Scene{}.ask(swap_step));
    CHECK(Scene{}.refuses(SwapVersion{payments, v1, v2}, step_rule));
    CHECK(Scene{}.refuses(SwapVersion{ServiceId("fraud"), v2, v1}, step_rule));
    CHECK(scene_of(rolling).refuses(swap_step, step_rule));
    CHECK(scene_of(restart_0).refuses(swap_step, step_rule));
}

TEST_CASE("a step touches only what its remedy names") {
    Scene restart = scene_of(restart_0);
    for (const Step& step : {Step{Drain{payments_1}}, Step{Replace{payments_1, {11, 1000}, v2, c2}},
                             Step{Undrain{payments_1}}, Step{Drain{InstanceId("fraud-0")}}}) {
        CHECK(restart.refuses(step, step_rule));
    }
    CHECK(scene_of(rolling).ask(Drain{payments_1}));
    CHECK(scene_of(rolling).refuses(Drain{InstanceId("fraud-0")}, step_rule));
}

TEST_CASE("a replace expects the process that runs there and starts the current version") {
    Scene scene = scene_of(restart_0);
    CHECK(scene.ask(replace_0));
    CHECK(scene.refuses(Replace{payments_0, {10, 1001}, v2, c2}, step_rule));
    CHECK(scene.refuses(Replace{payments_0, {}, v2, c2}, step_rule));
    CHECK(scene.refuses(Replace{payments_0, {10, 1000}, v1, c2}, step_rule));
    end_process(scene.facts.instances[0]);
    CHECK(scene.ask(start_0));
    CHECK(scene.refuses(replace_0, step_rule));
    // A rollback swaps first: a process started before that would be of the bad version.
    CHECK(scene_of(rollback).refuses(replace_0, step_rule));
}

}  // namespace homeostat::guard
