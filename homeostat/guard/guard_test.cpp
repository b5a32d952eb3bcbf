// The rules about the world, the catalogue and the steps: a case in which each trips, and the
// nearest one in which it does not. rules_pace_test.cpp has those about how much and how often.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <string_view>

namespace homeostat::guard {

using namespace for_test;  // NOLINT(google-build-using-namespace): a test's own builders.
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("guard agrees to a known remedy for a fault that it sees, and to its first step") {
    for (const Remedy& remedy : {restart_0, rolling, rollback}) {
        CHECK(scene_of(remedy).is_permitted());
    }
    const std::expected<Permit, Verdict> permit = scene_of(rollback).ask(swap_step);
    REQUIRE(permit);
    CHECK(permit->step() == swap_step);
    CHECK(permit->effect() == EffectId("i-1.e9"));
    CHECK(reflex_scene().is_permitted());
    CHECK(reflex_scene().ask(start_0));
}

TEST_CASE("nothing is permitted while suspended, by the switch or by the ledger") {
    Scene by_switch;
    by_switch.facts.is_suspended = true;
    CHECK(by_switch.refuses(switch_rule));
    CHECK(by_switch.refuses(swap_step, switch_rule));
    Scene by_ledger;
    by_ledger.history.learn(entry_of(EntryKind::suspended, {}, SwitchBody{"root", "drill"}), now);
    CHECK(by_ledger.refuses(switch_rule));
    by_ledger.history.learn(entry_of(EntryKind::resumed, {}, SwitchBody{"root", "done"}), now);
    CHECK(by_ledger.is_permitted());
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
    unproven.facts.versions_good = {v2};
    CHECK(unproven.refuses(catalogue_rule));
    Scene absent;
    absent.facts.versions_present = {v2};
    CHECK(absent.refuses(catalogue_rule));
    Scene swapped;
    swapped.facts.version_current = v1;
    CHECK(swapped.refuses(catalogue_rule));
}

TEST_CASE("a rollback goes on after its own swap, and only then") {
    Scene scene;
    scene.facts.version_current = v1;
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

TEST_CASE("a restart is for the instance that the symptom is about") {
    Scene scene = scene_of(restart_0);
    scene.facts.instances[0].runtime.is_answering = false;
    scene.facts.instances[1].runtime.is_answering = false;
    scene.limits.min_healthy = 1;
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

TEST_CASE("a reflex ejects the one instance that is slow among the others") {
    CHECK(eject_scene().is_permitted());
    CHECK(eject_scene().ask(drain_0));

    Scene all_slow = eject_scene();
    all_slow.facts.instances[2].latency_ms = 300;
    CHECK(all_slow.refuses(symptom_rule));
    Scene hardly_slow = eject_scene();
    hardly_slow.facts.instances[0].latency_ms = 29;  // Three times as slow, and nothing to feel.
    CHECK(hardly_slow.refuses(symptom_rule));
    hardly_slow.facts.instances[0].latency_ms = 30;
    CHECK(hardly_slow.is_permitted());
    Scene other = eject_scene();
    other.asked.remedy = Eject{payments_1};
    CHECK(other.refuses(catalogue_rule));
    Scene no_edge = eject_scene();
    no_edge.facts.has_edge = false;
    CHECK(no_edge.refuses(catalogue_rule));
    Scene few = eject_scene();
    end_process(few.facts.instances[1]);
    CHECK(few.refuses(floor_rule));
    Scene watched = eject_scene();
    watched.limits.autonomy[RemedyKind::eject] = Autonomy::recommend;
    CHECK(watched.refuses(autonomy_rule));
    Scene whole_service = eject_scene();
    whole_service.asked.symptom.subject = {SubjectKind::service, "payments"};
    CHECK(whole_service.refuses(catalogue_rule));
}

TEST_CASE("a reflex that ejected an instance lately does not do so again at once") {
    Scene scene = eject_scene();
    learn_effect(scene.history, {incident_other, "i-2.e1", eject_0, drain_0}, now - seconds{60});
    scene.history.learn(closed_entry(incident_other), now - seconds{30});
    CHECK(scene.refuses(cool_down_rule));
}

TEST_CASE("an ejected instance is cured although the symptom is gone, and then given back once") {
    Scene scene = eject_scene();
    learn_effect(scene.history, {incident, "i-1.e1", eject_0, drain_0}, now);
    scene.history.learn(held_entry(incident, eject_0), now);
    scene.facts = serving_facts();
    scene.facts.instances[0].rotation = Rotation::draining;
    scene.asked.remedy = restart_0;
    scene.asked.is_reflex = false;
    CHECK(scene.refuses(symptom_rule));
    scene.asked.is_contained = true;
    CHECK(scene.is_permitted());
    CHECK(scene.ask(replace_0));

    scene.limits.autonomy.clear();
    scene.asked.remedy = readmit_0;
    CHECK_FALSE(scene.is_permitted());
    scene.asked.is_undo = true;
    CHECK(scene.is_permitted());
    CHECK(scene.ask(undrain_0));
    scene.asked.remedy = Readmit{payments_1};
    CHECK(scene.refuses(catalogue_rule));

    scene.asked.remedy = readmit_0;
    IntentBody readmit;
    readmit.effect = EffectId("i-1.e2");
    readmit.remedy = readmit_0;
    readmit.step = undrain_0;
    readmit.is_undo = true;
    scene.history.learn(entry_of(EntryKind::intent, incident, readmit), now);
    scene.history.learn(outcome_entry(incident, "i-1.e2", OutcomeKind::done), now);
    scene.history.learn(entry_of(EntryKind::proposed, incident, Proposal{}), now);
    CHECK(scene.refuses(catalogue_rule));
}

TEST_CASE("nothing is ejected by what was to be given back, and nothing readmitted by an eject") {
    Scene eject = eject_scene();
    eject.facts.instances[0].rotation = Rotation::draining;
    CHECK(eject.refuses(undrain_0, step_rule));
    CHECK(eject.refuses(replace_0, step_rule));
    Scene readmit = eject_scene();
    readmit.history.learn(opened_entry(incident), now);
    readmit.history.learn(held_entry(incident, eject_0), now);
    readmit.asked.remedy = readmit_0;
    readmit.asked.is_reflex = false;
    readmit.asked.is_undo = true;
    CHECK(readmit.refuses(drain_0, step_rule));
    CHECK(readmit.refuses(replace_0, step_rule));
}

TEST_CASE("a scale starts spares that are there, from the number that is wanted now") {
    CHECK(scene_of(scale_up).is_permitted());
    CHECK(scene_of(scale_up).ask(Replace{payments_3, {}, v2}));
    CHECK(scene_of(Scale{payments, 3, 5}).refuses(catalogue_rule));
    CHECK(scene_of(Scale{payments, 2, 4}).refuses(catalogue_rule));
    CHECK(scene_of(Scale{payments, 3, 3}).refuses(catalogue_rule));
    CHECK(scene_of(Scale{ServiceId("fraud"), 3, 4}).refuses(catalogue_rule));
    CHECK(scene_of(Scale{payments, 3, 2}).refuses(catalogue_rule));

    Scene scene = scene_of(scale_up);
    CHECK(scene.refuses(replace_0, step_rule));  // Of those that serve already it touches none.
    CHECK(scene.refuses(drain_0, step_rule));
    CHECK(scene.refuses(Stop{payments_3, {}}, step_rule));
    CHECK(scene.refuses(Replace{payments_3, {}, v1}, step_rule));
    scene.limits.min_healthy = 3;
    CHECK(scene.is_permitted());
    start_spare(scene.facts);
    CHECK(scene.refuses(catalogue_rule));
    CHECK(scene_of(restart_0).refuses(Replace{payments_3, {}, v2}, step_rule));
}

TEST_CASE("a scale takes away only what it added, and never below the floor") {
    Scene scene = scene_of(scale_down);
    start_spare(scene.facts);
    CHECK(scene.refuses(catalogue_rule));
    learn_effect(scene.history, {incident, "i-1.e1", scale_up, Replace{payments_3, {}, v2}}, now);
    scene.history.learn(held_entry(incident, scale_up), now);
    scene.asked.is_undo = true;
    CHECK(scene.is_permitted());
    const Step stop = Stop{payments_3, {13, 1000}};
    CHECK(scene.ask(Drain{payments_3}));
    CHECK(scene.ask(stop));
    CHECK(scene.refuses(Stop{payments_3, {12, 1000}}, step_rule));
    CHECK(scene.refuses(Stop{payments_0, {10, 1000}}, step_rule));
    CHECK(scene.refuses(drain_0, step_rule));
    CHECK(scene.refuses(replace_0, step_rule));
    scene.limits.min_healthy = 4;
    CHECK(scene.refuses(floor_rule));
    CHECK(scene.refuses(stop, floor_rule));
    scene.limits.min_healthy = 3;
    CHECK(scene.ask(stop));
    scene.facts = serving_facts();
    CHECK(scene.refuses(Stop{payments_0, {10, 1000}}, step_rule));
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
    scene.facts.version_current = v1;
    scene.facts.versions_good = {};
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
    scene.facts.version_current = v1;
    CHECK(scene.refuses(catalogue_rule));
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
    scene.asked.symptom.noticed_at = now - ask_again_for_max + milliseconds{1};
    CHECK(scene.verdict().again_at);
    scene.asked.symptom.noticed_at = now - ask_again_for_max;
    CHECK_FALSE(scene.verdict().again_at);
    scene.history.learn(opened_entry(incident), now);  // The ledger's word, not the proposal's.
    CHECK(scene.verdict().again_at);
}

TEST_CASE("a remedy in hand goes on although its own step has cured the symptom") {
    Scene scene = reflex_scene();
    learn_effect(scene.history, {incident, "i-1.e1", restart_0, start_0}, now);
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
    for (const Step& step : {Step{Drain{payments_1}}, Step{Replace{payments_1, {11, 1000}, v2}},
                             Step{Undrain{payments_1}}, Step{Drain{InstanceId("fraud-0")}}}) {
        CHECK(restart.refuses(step, step_rule));
    }
    CHECK(scene_of(rolling).ask(Drain{payments_1}));
    CHECK(scene_of(rolling).refuses(Drain{InstanceId("fraud-0")}, step_rule));
}

TEST_CASE("a replace expects the process that runs there and starts the current version") {
    Scene scene = scene_of(restart_0);
    CHECK(scene.ask(replace_0));
    CHECK(scene.refuses(Replace{payments_0, {10, 1001}, v2}, step_rule));
    CHECK(scene.refuses(Replace{payments_0, {}, v2}, step_rule));
    CHECK(scene.refuses(Replace{payments_0, {10, 1000}, v1}, step_rule));
    end_process(scene.facts.instances[0]);
    CHECK(scene.ask(start_0));
    CHECK(scene.refuses(replace_0, step_rule));
    // A rollback swaps first: a process started before that would be of the bad version.
    CHECK(scene_of(rollback).refuses(replace_0, step_rule));
}

TEST_CASE("a drain is of an instance in rotation, an undrain of a drained one") {
    Scene scene = scene_of(rolling);
    CHECK(scene.refuses(undrain_0, step_rule));
    scene.facts.instances[0].rotation = Rotation::draining;
    CHECK(scene.refuses(drain_0, step_rule));
    CHECK(scene.ask(undrain_0));
    scene.facts.has_edge = false;
    CHECK_FALSE(scene.ask(undrain_0));
}

}  // namespace homeostat::guard
