// The rules about temporary remedies: what may begin, what may follow, what may be given back.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::seconds;

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

TEST_CASE("what is out of rotation already is not ejected, and is asked about again") {
    for (const Rotation rotation : {Rotation::draining, Rotation::down}) {
        Scene scene = eject_scene();
        scene.facts.instances[0].rotation = rotation;
        CHECK(scene.refuses(symptom_rule));
        CHECK(scene.verdict().again_at == now + ask_again_after);
    }
    Scene unknown = eject_scene();
    unknown.facts.instances[0].rotation = Rotation::unknown;
    CHECK(unknown.is_permitted());
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
    scene.history.learn(entry_of(EntryKind::escalated, incident, EscalatedBody{"stuck"}), now);
    CHECK(scene.is_permitted());  // It is held still.
    scene.history.learn(entry_of(EntryKind::proof, incident, ProofBody{readmit_0, {}}), now);
    CHECK(scene.refuses(catalogue_rule));
}

TEST_CASE("while something is held a cure is nothing that would have to be given back as well") {
    for (const Remedy& remedy : {eject_0, open_fraud, reroute_quotes, scale_up}) {
        CAPTURE(describe(remedy));
        Scene scene = remedy == eject_0 ? eject_scene() : scene_of(remedy);
        CHECK(scene.is_permitted());
        scene.asked.is_contained = true;
        CHECK(scene.refuses(catalogue_rule));
    }
    for (const Remedy& remedy : {restart_0, rolling, rollback, invalidate_quotes}) {
        CAPTURE(describe(remedy));
        Scene scene = scene_of(remedy);
        scene.asked.is_contained = true;
        CHECK(scene.is_permitted());
    }
}

TEST_CASE("nothing is ejected by what was to be given back, and nothing readmitted by an eject") {
    Scene eject = eject_scene();
    eject.facts.instances[0].rotation = Rotation::draining;
    CHECK(eject.refuses(undrain_0, step_rule));
    CHECK(eject.refuses(replace_0, step_rule));
    Scene readmit = eject_scene();
    learn_effect(readmit.history, {incident, "i-1.e1", eject_0, drain_0}, now);
    readmit.history.learn(held_entry(incident, eject_0), now);
    readmit.asked.remedy = readmit_0;
    readmit.asked.is_reflex = false;
    readmit.asked.is_undo = true;
    CHECK(readmit.refuses(drain_0, step_rule));
    CHECK(readmit.refuses(replace_0, step_rule));
}

TEST_CASE("a scale starts spares that are there, from the number that is wanted now") {
    CHECK(scene_of(scale_up).is_permitted());
    CHECK(scene_of(scale_up).ask(Replace{payments_3, {}, v2, c2}));
    CHECK(scene_of(Scale{payments, 3, 5}).refuses(catalogue_rule));
    CHECK(scene_of(Scale{payments, 2, 4}).refuses(catalogue_rule));
    CHECK(scene_of(Scale{payments, 3, 3}).refuses(catalogue_rule));
    CHECK(scene_of(Scale{ServiceId("fraud"), 3, 4}).refuses(catalogue_rule));
    CHECK(scene_of(Scale{payments, 3, 2}).refuses(catalogue_rule));

    Scene scene = scene_of(scale_up);
    CHECK(scene.refuses(replace_0, step_rule));  // Of those that serve already it touches none.
    CHECK(scene.refuses(drain_0, step_rule));
    CHECK(scene.refuses(Stop{payments_3, {}}, step_rule));
    CHECK(scene.refuses(Replace{payments_3, {}, v1, c2}, step_rule));
    scene.limits.min_healthy = 3;
    CHECK(scene.is_permitted());
    start_spare(scene.facts);
    CHECK(scene.refuses(catalogue_rule));
    CHECK(scene_of(restart_0).refuses(Replace{payments_3, {}, v2, c2}, step_rule));
}

TEST_CASE("of a Deployment no more are started than its spares are, however many slots there are") {
    Scene scene = scene_of(Scale{payments, 3, 4});
    scene.facts.is_orchestrated = true;
    scene.facts.spares.push_back(spare_instance(InstanceId("payments-4")));
    scene.facts.spares.back().runtime.is_spare = false;
    CHECK(scene.is_permitted());
    CHECK(scene.ask(Replace{payments_3, {}, v2, c2}));
    CHECK(scene.refuses(Replace{InstanceId("payments-4"), {}, v2, c2}, step_rule));
    scene.asked.remedy = Scale{payments, 3, 5};
    CHECK(scene.refuses(catalogue_rule));
}

TEST_CASE("two incidents do not hold the same, or one would take back what the other needs") {
    Scene scene = scene_of(Scale{payments, 4, 5});
    start_spare(scene.facts);
    scene.facts.spares = {spare_instance(InstanceId("payments-4"))};
    CHECK(scene.is_permitted());
    learn_effect(scene.history,
                 {incident_other, "i-2.e1", scale_up, Replace{payments_3, {}, v2, c2}}, now);
    const Proof helped{.kind = ProofKind::helped, .observers = {}, .because = ""};
    scene.history.learn(entry_of(EntryKind::proof, incident_other, ProofBody{scale_up, helped}),
                        now);
    scene.history.learn(held_entry(incident_other, scale_up), now);
    CHECK(scene.refuses(held_rule));
    CHECK(scene.refuses(Replace{InstanceId("payments-4"), {}, v2, c2}, held_rule));
    CHECK(scene.verdict().again_at);

    Scene other_kind = scene;
    other_kind.asked.remedy = rolling;
    CHECK(other_kind.is_permitted());
    Scene other_target = eject_scene();
    learn_effect(other_target.history,
                 {incident_other, "i-2.e1", Eject{payments_1}, Drain{payments_1}}, now);
    other_target.history.learn(
        entry_of(EntryKind::proof, incident_other, ProofBody{Eject{payments_1}, helped}), now);
    other_target.history.learn(held_entry(incident_other, Eject{payments_1}), now);
    CHECK(other_target.is_permitted());
    Scene given_back = scene;
    given_back.history.learn(
        entry_of(EntryKind::proof, incident_other, ProofBody{scale_down, helped}), now);
    CHECK(given_back.refuses(cool_down_rule));
    given_back.at = now + given_back.limits.cool_down;
    given_back.facts.read_at = given_back.at;
    CHECK(given_back.is_permitted());
    Scene itself = scene;  // Its own give-back, whatever else is asked for.
    itself.asked = case_of(scale_down);
    itself.asked.incident = incident_other;
    itself.asked.is_undo = true;
    CHECK(itself.is_permitted());
}

TEST_CASE("a scale takes away only what it added, and never below the floor") {
    Scene scene = scene_of(scale_down);
    start_spare(scene.facts);
    CHECK(scene.refuses(catalogue_rule));
    learn_effect(scene.history, {incident, "i-1.e1", scale_up, Replace{payments_3, {}, v2, c2}},
                 now);
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

TEST_CASE("a spare that is stopped is not counted among those that come back") {
    const Remedy two_up = Scale{payments, 3, 5};
    Scene scene = scene_of(*inverse_of(two_up));
    start_spare(scene.facts);
    InstanceFacts ended = serving_instance(InstanceId("payments-4"), 14);
    ended.runtime.is_spare = true;
    end_process(ended);
    scene.facts.instances.push_back(ended);
    learn_effect(scene.history, {incident, "i-1.e1", two_up, Replace{payments_3, {}, v2, c2}}, now);
    scene.history.learn(held_entry(incident, two_up), now);
    scene.asked.is_undo = true;
    scene.limits.min_healthy = 3;
    CHECK(scene.is_permitted());
    scene.limits.min_healthy = 4;  // Three are left when payments-3 goes, whatever was ill.
    CHECK(scene.refuses(floor_rule));
}

}  // namespace homeostat::guard
