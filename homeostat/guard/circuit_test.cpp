// What guard asks before it lets a fallback answer in place of a neighbour.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::seconds;

TEST_CASE("a circuit is opened for a neighbour that answers no checks, and for no other") {
    Scene scene = scene_of(open_fraud);
    CHECK(scene.is_permitted());
    CHECK(scene.ask(open_step));
    CHECK(scene.refuses(close_step, step_rule));
    CHECK(scene.refuses(SetCircuit{ServiceId("rates"), true}, step_rule));

    Scene well = scene_of(open_fraud);
    well.facts.circuits.front().answering_count = 1;  // One of two: half of it can serve.
    CHECK(well.refuses(symptom_rule));
    CHECK(well.refuses(open_step, symptom_rule));
    well.facts.circuits.front().servers_count = 3;
    CHECK(well.is_permitted());

    Scene undeclared = scene_of(open_fraud);
    undeclared.facts.circuits.clear();
    CHECK(undeclared.refuses(catalogue_rule));
    Scene no_edge = scene_of(open_fraud);
    no_edge.facts.has_edge = false;
    CHECK(no_edge.refuses(catalogue_rule));
    Scene one_instance = scene_of(open_fraud);
    one_instance.asked.symptom.subject = {SubjectKind::instance, payments_0.text()};
    CHECK(one_instance.refuses(catalogue_rule));
    Scene unseen = scene_of(open_fraud);
    unseen.asked.edge_errors_at_open = unseen.facts.edge.errors_total;
    CHECK(unseen.refuses(symptom_rule));
    Scene already = scene_of(open_fraud);
    already.facts.circuits.front().is_open = true;
    CHECK(already.refuses(open_step, step_rule));
    Scene reflex = scene_of(open_fraud);
    reflex.asked.is_reflex = true;
    CHECK(reflex.refuses(catalogue_rule));
}

TEST_CASE("a neighbour that is slow to answer is in trouble when the symptom is slowness") {
    Scene scene = scene_of(open_fraud);
    scene.facts.circuits.front().answering_count = 2;
    scene.facts.circuits.front().latency_ms = 900;
    CHECK(scene.refuses(symptom_rule));  // It answers late, and our users get errors.
    scene.asked.symptom.kind = SymptomKind::latency;
    scene.asked.symptom.limit = 500;
    scene.facts.edge.latency_ms = 950;
    CHECK(scene.is_permitted());
    scene.facts.circuits.front().latency_ms = 500;
    CHECK(scene.refuses(symptom_rule));
}

TEST_CASE("a circuit costs no instance, and needs room for its own end") {
    Scene scene = scene_of(open_fraud);
    scene.limits.min_healthy = 9;
    CHECK(scene.ask(open_step));
    scene.limits.effects_max = 10;
    spend(scene.history, 9, now - seconds{10});
    CHECK(scene.refuses(budget_rule));
    CHECK(scene.refuses(open_step, budget_rule));
    Scene closing = scene_of(close_fraud);
    closing.limits = scene.limits;
    closing.asked.is_undo = true;
    learn_effect(closing.history, {incident, "i-1.e1", open_fraud, open_step}, now - seconds{700});
    closing.history.learn(held_entry(incident, open_fraud), now);
    spend(closing.history, 9, now - seconds{10});
    closing.facts.circuits.front().is_open = true;
    CHECK(closing.ask(close_step));
}

TEST_CASE("a circuit is closed only by the incident that opened it, whatever the neighbour does") {
    Scene scene = scene_of(close_fraud);
    scene.facts.circuits.front().is_open = true;
    CHECK(scene.refuses(catalogue_rule));
    scene.asked.is_undo = true;
    CHECK(scene.refuses(catalogue_rule));
    learn_effect(scene.history, {incident, "i-1.e1", open_fraud, open_step}, now);
    scene.history.learn(held_entry(incident, open_fraud), now);
    scene.asked.is_contained = true;
    scene.asked.edge_errors_at_open = scene.facts.edge.errors_total;
    CHECK(scene.ask(close_step));
    scene.facts.circuits.front().answering_count = 2;
    CHECK(scene.ask(close_step));
    CHECK(scene.refuses(open_step, step_rule));
    for (const Step& step : {drain_0, undrain_0, replace_0, swap_step}) {
        CHECK(scene.refuses(step, step_rule));
        CHECK(scene_of(open_fraud).refuses(step, step_rule));
    }
}

}  // namespace homeostat::guard
