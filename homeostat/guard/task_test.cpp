// What guard asks before a task of the operator's is run, and before one is taken back.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::seconds;

namespace {

TaskFacts& facts_of(Scene& scene, const DeclaredTask& task) {
    return scene.facts.tasks[task.task == purge.task ? 0 : 1];
}

/// Somebody has agreed to just this, in the world of the scene.
void let_agree(Scene& scene) {
    scene.history.learn({.kind = EntryKind::opened, .incident = incident, .body = {}}, now);
    AnsweredBody body;
    body.question = "i-1.q1";
    body.remedy = scene.asked.remedy;
    body.says = PersonSays::approved;
    body.by = "ada";
    body.preconditions = preconditions_of(scene.asked.remedy, scene.facts);
    scene.history.learn(entry_of(EntryKind::answered, incident, body), now);
}

void learn_run(Scene& scene, const Remedy& remedy, const Step& step) {
    learn_effect(scene.history, {incident, "i-1.e1", remedy, step}, now);
}

}  // namespace

TEST_CASE("a task that was tried is run once its own check fails") {
    const Scene scene = scene_of(run_purge);
    CHECK(scene.is_permitted());
    CHECK(scene.ask(purge_step));
    CHECK(scene.refuses(purge_back_step, step_rule));
    CHECK(scene.refuses(rebuild_step, step_rule));
    CHECK(scene.refuses(drain_0, step_rule));
}

TEST_CASE("a task that is declared for nothing else is for what its own check says alone") {
    Scene scene = scene_of(run_purge);
    scene.asked.symptom = errors_symptom();
    CHECK(scene.refuses(catalogue_rule));
    scene.asked.symptom = check_symptom(rebuild.task);
    CHECK(scene.refuses(catalogue_rule));
}

TEST_CASE("a task that is declared for errors is run for them while its check fails, too") {
    DeclaredTask for_errors = purge;
    for_errors.also_for = {SymptomKind::errors};
    Scene scene = scene_of(RunTask{for_errors});
    facts_of(scene, purge).of = for_errors;
    scene.asked.symptom = errors_symptom();
    CHECK(scene.is_permitted());
    CHECK(scene.ask(purge_step));
    SUBCASE("and not while that finds nothing to do") {
        facts_of(scene, purge).is_well = true;
        CHECK(scene.refuses(symptom_rule));
        CHECK(scene.verdict().may_pass);
        CHECK(scene.refuses(purge_step, step_rule));
    }
    SUBCASE("nor on a look of long ago") {
        facts_of(scene, purge).checked_at = now - seconds{10} - Duration{1};
        CHECK(scene.refuses(symptom_rule));
    }
    SUBCASE("nor where errors are what the proposal says, and nobody else") {
        scene.facts.edge.errors_total = scene.asked.edge_errors_at_open;
        CHECK(scene.refuses(symptom_rule));
    }
    SUBCASE("nor for another symptom") {
        scene.asked.symptom.kind = SymptomKind::latency;
        CHECK(scene.refuses(catalogue_rule));
    }
    SUBCASE("nor where the executor's own declaration does not say so") {
        facts_of(scene, purge).of = purge;
        CHECK(scene.refuses(catalogue_rule));
    }
    SUBCASE("and what has ended is no task's, whatever it is declared for") {
        for_errors.also_for = {SymptomKind::instance_down};
        facts_of(scene, purge).of = for_errors;
        scene.asked.remedy = RunTask{for_errors};
        scene.asked.symptom.kind = SymptomKind::instance_down;
        scene.asked.symptom.subject = {SubjectKind::instance, "payments-0"};
        CHECK(scene.refuses(catalogue_rule));
    }
}

TEST_CASE("a task that is declared otherwise by now is not run") {
    Scene scene = scene_of(run_purge);
    facts_of(scene, purge).of.declaration = "eeee";
    CHECK(scene.refuses(catalogue_rule));
    SUBCASE("nor one of which the proposal says what its declaration does not") {
        scene = scene_of(RunTask{{.task = purge.task,
                                  .declaration = purge.declaration,
                                  .is_reversible = true,
                                  .is_repeatable = true,
                                  .is_destructive = false,
                                  .keeps_capacity = true}});
        CHECK(scene.refuses(catalogue_rule));
    }
}

TEST_CASE("a task whose check does not answer waits for it") {
    Scene scene = scene_of(run_purge);
    scene.facts.tasks.clear();
    CHECK(scene.refuses(catalogue_rule));
    CHECK(scene.verdict().may_pass);
    SUBCASE("and keeps nobody else waiting") {
        scene.asked = case_of(rollback);
        CHECK(scene.is_permitted());
    }
}

TEST_CASE("what a check said long ago, or says is well, is no reason") {
    Scene scene = scene_of(run_purge);
    facts_of(scene, purge).checked_at = now - seconds{10};
    CHECK(scene.is_permitted());
    facts_of(scene, purge).checked_at = now - seconds{10} - Duration{1};
    CHECK(scene.refuses(symptom_rule));
    facts_of(scene, purge) = {purge, true, now, true};
    CHECK(scene.refuses(symptom_rule));
    CHECK(scene.refuses(purge_step, step_rule));
}

TEST_CASE("a task that was not tried as it is declared stays at watch") {
    Scene scene = scene_of(run_purge);
    facts_of(scene, purge).is_proven = false;
    CHECK(scene.refuses(proven_rule));
    CHECK(scene.verdict().because.contains("homeostat remedy test purge"));
    CHECK(scene.refuses(purge_step, proven_rule));
}

TEST_CASE("each task has an autonomy of its own, and one that is not set watches") {
    Scene scene = scene_of(run_purge);
    scene.limits.tasks.erase(purge.task);
    CHECK(scene.refuses(autonomy_rule));
    CHECK(scene.verdict().because == "run_task purge stands at watch");
    scene.limits.autonomy[RemedyKind::run_task] = Autonomy::act;
    CHECK(scene.refuses(autonomy_rule));
    scene.limits.tasks[purge.task] = Autonomy::ask;
    CHECK(scene.verdict().kind == VerdictKind::question);
}

TEST_CASE("what nothing brings back needs the configuration's word") {
    Scene scene = scene_of(run_rebuild);
    let_agree(scene);
    CHECK(scene.is_permitted());
    scene.limits.destructive_allowed = false;
    CHECK(scene.refuses(destructive_rule));
    CHECK(scene.refuses(rebuild_step, destructive_rule));
}

TEST_CASE("what nothing brings back is never done without a person, however far it may go") {
    Scene scene = scene_of(run_rebuild);
    CHECK(scene.limits.tasks.at(rebuild.task) == Autonomy::act);
    CHECK(scene.verdict().kind == VerdictKind::question);
    CHECK(scene.verdict().because == "run_task rebuild is destructive, and is never done unasked");
    const auto refused = scene.ask(rebuild_step);
    REQUIRE(!refused);
    CHECK(refused.error().rule == approval_rule);
    let_agree(scene);
    CHECK(scene.ask(rebuild_step));
    SUBCASE("who agreed to another declaration has not agreed to this one") {
        DeclaredTask other = rebuild;
        other.declaration = "eeee";
        facts_of(scene, rebuild).of = other;
        scene.asked.remedy = RunTask{other};
        CHECK(scene.verdict().kind == VerdictKind::question);
    }
    SUBCASE("their word is for five minutes") {
        scene.at = now + seconds{301};
        scene.facts.read_at = scene.at;
        facts_of(scene, rebuild).checked_at = scene.at;
        CHECK(scene.verdict().kind == VerdictKind::question);
    }
    SUBCASE("and for once") {
        learn_run(scene, run_rebuild, rebuild_step);
        scene.history.learn(entry_of(EntryKind::escalated, incident, EscalatedBody{"x"}), now);
        scene.limits.cool_down = {};
        CHECK(scene.verdict().kind == VerdictKind::question);
    }
}

TEST_CASE("a task is run a second time only where it is declared to bear it") {
    Scene scene = scene_of(run_purge);
    learn_run(scene, run_purge, purge_step);
    CHECK(scene.refuses(purge_step, step_rule));
    DeclaredTask harmless = rebuild;
    harmless.is_destructive = false;
    scene = scene_of(RunTask{harmless});
    facts_of(scene, rebuild).of = harmless;
    learn_run(scene, RunTask{harmless}, rebuild_step);
    CHECK(scene.ask(rebuild_step));
}

TEST_CASE("what destroys is never run a second time on one yes, though it is declared repeatable") {
    REQUIRE(rebuild.is_repeatable);
    Scene scene = scene_of(run_rebuild);
    let_agree(scene);
    CHECK(scene.ask(rebuild_step));
    learn_run(scene, run_rebuild, rebuild_step);
    CHECK(scene.refuses(rebuild_step, step_rule));
}

TEST_CASE("nothing is run on an effect of which nobody knows what became") {
    Scene scene = scene_of(run_purge);
    scene.history.learn(intent_entry(incident_other, "i-2.e1", run_rebuild, rebuild_step), now);
    CHECK(scene.refuses(one_rule));
}

TEST_CASE("what has ended is started beside a task that touches no instance, and after any other") {
    for (const bool keeps_capacity : {true, false}) {
        Scene scene = reflex_scene();
        scene.history.learn(keeps_capacity
                                ? intent_entry(incident_other, "i-2.e1", run_purge, purge_step)
                                : intent_entry(incident_other, "i-2.e1", run_rebuild, rebuild_step),
                            now);
        CHECK(scene.is_permitted() == keeps_capacity);
        CHECK(scene.refuses(one_rule) == !keeps_capacity);
    }
}

TEST_CASE("a task that may take instances out leaves the group its floor") {
    Scene scene = scene_of(run_rebuild);
    let_agree(scene);
    scene.limits.min_healthy = 3;
    CHECK(scene.refuses(floor_rule));
    CHECK(scene.refuses(rebuild_step, floor_rule));
    SUBCASE("what is down already does not count as brought back by it") {
        scene.limits.min_healthy = 2;
        silence(scene.facts.instances[0]);
        CHECK(scene.refuses(floor_rule));
    }
    SUBCASE("one that is declared to keep capacity needs none") {
        scene.asked = case_of(run_purge);
        CHECK(scene.ask(purge_step));
    }
}

TEST_CASE("where much looks dead no task is run on the word of our probes") {
    Scene scene = scene_of(run_purge);
    silence(scene.facts.instances[0]);
    silence(scene.facts.instances[1]);
    CHECK(scene.refuses(freeze_rule));
    let_edge_count(scene, errors_of_a_real_fault);
    CHECK(scene.is_permitted());
    scene.asked = case_of(run_rebuild);
    let_edge_count(scene, errors_of_a_real_fault);
    CHECK(scene.refuses(freeze_rule));
}

TEST_CASE("a task cools down by itself") {
    Scene scene = scene_of(run_purge);
    const IncidentId before("i-3");
    learn_effect(scene.history, {before, "i-3.e1", run_rebuild, rebuild_step}, now - seconds{60});
    scene.history.learn(closed_entry(before), now - seconds{60});
    CHECK(scene.is_permitted());
    learn_effect(scene.history, {before, "i-3.e2", run_purge, purge_step}, now - seconds{50});
    scene.history.learn(closed_entry(before), now - seconds{50});
    CHECK(scene.refuses(cool_down_rule));
}

TEST_CASE("a budget has room for a task and for taking it back") {
    Scene scene = scene_of(run_purge);
    scene.limits.effects_max = 12;
    spend(scene.history, 10, now - seconds{10});
    CHECK(scene.ask(purge_step));
    spend(scene.history, 1, now - seconds{9});
    CHECK(scene.refuses(budget_rule));
    CHECK(scene.refuses(purge_step, budget_rule));
}

TEST_CASE("a task is taken back by the incident that ran it, and by nobody else") {
    Scene scene = scene_of(take_back_purge);
    CHECK(scene.refuses(catalogue_rule));
    scene.asked.is_undo = true;
    CHECK(scene.refuses(catalogue_rule));
    learn_run(scene, run_purge, purge_step);
    scene.history.learn(entry_of(EntryKind::undo, incident, UndoBody{run_purge, take_back_purge}),
                        now);
    CHECK(scene.ask(purge_back_step, "i-1.e2"));
    CHECK(scene.refuses(purge_step, step_rule));
    SUBCASE("whatever is true of it by now, but not as another") {
        facts_of(scene, purge).is_proven = false;
        scene.limits.tasks.clear();
        CHECK(scene.ask(purge_back_step, "i-1.e2"));
        facts_of(scene, purge).of.declaration = "eeee";
        CHECK(scene.refuses(purge_back_step, catalogue_rule));
    }
    SUBCASE("once") {
        IntentBody intent;
        intent.effect = EffectId("i-1.e2");
        intent.remedy = take_back_purge;
        intent.step = purge_back_step;
        intent.is_undo = true;
        scene.history.learn(entry_of(EntryKind::intent, incident, intent), now);
        scene.history.learn(outcome_entry(incident, "i-1.e2", OutcomeKind::done), now);
        CHECK(scene.refuses(purge_back_step, step_rule));
    }
}

}  // namespace homeostat::guard
