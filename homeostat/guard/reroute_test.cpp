// What guard asks before readers go round a cache, and before its keys are dropped.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::seconds;

TEST_CASE("a cache with stale copies is passed by and emptied, and no other") {
    for (const Remedy& remedy : {reroute_quotes, invalidate_quotes}) {
        Scene scene = scene_of(remedy);
        CHECK(scene.is_permitted());
        CHECK(scene.ask(invalidate_step));
        CHECK(scene.refuses(Invalidate{CacheId("sessions")}, step_rule));

        Scene well = scene_of(remedy);
        well.facts.caches.front().stale_count = 0;  // Copies that differ may be late, not stale.
        CHECK(well.refuses(symptom_rule));
        Scene silent = scene_of(remedy);
        silent.facts.caches.front().is_answering = false;
        CHECK(silent.refuses(symptom_rule));
        Scene no_truth = scene_of(remedy);
        no_truth.facts.caches.front().is_source_answering = false;
        CHECK(no_truth.refuses(symptom_rule));
        Scene undeclared = scene_of(remedy);
        undeclared.facts.caches.clear();
        CHECK(undeclared.refuses(catalogue_rule));
        Scene other_symptom = scene_of(remedy);
        other_symptom.asked.symptom = errors_symptom();
        CHECK(other_symptom.refuses(catalogue_rule));
        Scene other_cache = scene_of(remedy);
        other_cache.asked.symptom.subject.name = "sessions";
        CHECK(other_cache.refuses(catalogue_rule));
        Scene reflex = scene_of(remedy);
        reflex.asked.is_reflex = true;
        CHECK(reflex.refuses(catalogue_rule));
    }
}

TEST_CASE("readers are sent only to a source that is well, by a route that is declared") {
    Scene scene = scene_of(reroute_quotes);
    CHECK(scene.ask(route_step));
    CHECK(scene.refuses(route_back_step, step_rule));
    CHECK(scene.refuses(SetRoute{CacheId("sessions"), true}, step_rule));
    CHECK(scene_of(invalidate_quotes).refuses(route_step, step_rule));

    Scene ill_source = scene_of(reroute_quotes);
    ill_source.facts.routes.front().answering_count = 0;
    CHECK(ill_source.refuses(symptom_rule));
    CHECK(ill_source.refuses(route_step, step_rule));
    ill_source.facts.routes.front() = {.cache = quotes, .servers_count = 2, .answering_count = 1};
    CHECK(ill_source.refuses(symptom_rule));

    Scene no_route = scene_of(reroute_quotes);
    no_route.facts.routes.clear();
    CHECK(no_route.refuses(catalogue_rule));
    Scene no_edge = scene_of(reroute_quotes);
    no_edge.facts.has_edge = false;
    CHECK(no_edge.refuses(catalogue_rule));
    Scene already = scene_of(reroute_quotes);
    already.facts.routes.front().is_to_source = true;
    CHECK(already.refuses(route_step, step_rule));
}

TEST_CASE("the plan stands at the lower of its two autonomies") {
    for (const auto& [lowered, says] :
         {std::pair{RemedyKind::reroute, "reroute stands at recommend"},
          {RemedyKind::invalidate_cache, "invalidate_cache stands at recommend"}}) {
        Scene scene = scene_of(reroute_quotes);
        scene.limits.autonomy[lowered] = Autonomy::recommend;
        CHECK(scene.refuses(autonomy_rule));
        CHECK(scene.verdict().because == says);
    }
    Scene scene = scene_of(invalidate_quotes);
    scene.limits.autonomy.erase(RemedyKind::reroute);
    CHECK(scene.is_permitted());
}

TEST_CASE("a route costs no instance, and needs room for the keys and for its own end") {
    Scene scene = scene_of(reroute_quotes);
    scene.limits.min_healthy = 9;
    CHECK(scene.ask(route_step));
    CHECK(scene.ask(invalidate_step));
    scene.limits.effects_max = 10;
    spend(scene.history, 8, now - seconds{10});
    CHECK(scene.refuses(budget_rule));
    CHECK(scene.refuses(route_step, budget_rule));
    Scene back = scene_of(route_back_quotes);
    back.limits = scene.limits;
    back.asked.is_undo = true;
    learn_effect(back.history, {incident, "i-1.e1", reroute_quotes, route_step},
                 now - seconds{700});
    back.history.learn(held_entry(incident, reroute_quotes), now);
    spend(back.history, 9, now - seconds{10});
    back.facts.routes.front().is_to_source = true;
    CHECK(back.ask(route_back_step));
}

TEST_CASE("readers are sent back only by the incident that sent them away, however the cache is") {
    Scene scene = scene_of(route_back_quotes);
    scene.facts.routes.front().is_to_source = true;
    CHECK(scene.refuses(catalogue_rule));
    scene.asked.is_undo = true;
    CHECK(scene.refuses(catalogue_rule));
    learn_effect(scene.history, {incident, "i-1.e1", reroute_quotes, route_step}, now);
    scene.history.learn(held_entry(incident, reroute_quotes), now);
    CHECK(scene.ask(route_back_step));
    scene.facts.caches.front().stale_count = 0;
    scene.facts.routes.front().answering_count = 0;
    CHECK(scene.ask(route_back_step));
    for (const Step& step :
         {drain_0, undrain_0, replace_0, swap_step, open_step, invalidate_step}) {
        CHECK(scene.refuses(step, step_rule));
    }
}

}  // namespace homeostat::guard
