// The rules about more memory for one instance: when it may be asked for, and what may follow.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::seconds;

namespace {

const Remedy shrink_0 = Resize{payments_0, 96 * mebibyte, 64 * mebibyte};
const Step grow_step = SetMemory{payments_0, pod_0, 64 * mebibyte, 96 * mebibyte};
const Step shrink_step = SetMemory{payments_0, pod_0, 96 * mebibyte, 64 * mebibyte};

/// payments-0 is down, and was ended for reaching the limit of its memory.
Scene grow_scene() {
    Scene scene = scene_of(grow_0);
    scene.asked.symptom.kind = SymptomKind::instance_down;
    scene.asked.symptom.subject = {SubjectKind::instance, "payments-0"};
    end_process(scene.facts.instances[0]);
    hold_to_memory(scene.facts.instances[0]);
    return scene;
}

MemoryFacts& memory_in(Scene& scene) {
    return *scene.facts.instances[0].runtime.memory;
}

/// As if the step had been carried out.
void carry_out(Scene& scene) {
    learn_effect(scene.history, {incident, "i-1.e1", grow_0, grow_step}, now);
    memory_in(scene).limit_bytes = 96 * mebibyte;
    memory_in(scene).effect = EffectId("i-1.e1");
}

/// Done by us, and a second later somebody else wants the old limit again.
void learn_taken_back(Scene& scene, const std::string& of, Instant at) {
    learn_effect(scene.history, {IncidentId(of), of + ".e1", grow_0, grow_step}, at);
    VerdictBody body;
    body.remedy = restart_0;
    body.verdict.kind = VerdictKind::refusal;
    Grounds& grounds = body.grounds.emplace();
    grounds.asked_at = at + seconds{1};
    grounds.facts = scene.facts;
    grounds.facts.read_at = at + seconds{1};
    scene.history.learn(entry_of(EntryKind::verdict, incident_other, body), at + seconds{1});
    scene.history.learn(closed_entry(IncidentId(of)), at + seconds{1});
}

}  // namespace

TEST_CASE("one that was ended for want of memory may have more of it") {
    const Scene scene = grow_scene();
    CHECK(scene.is_permitted());
    CHECK(scene.ask(grow_step));
}

TEST_CASE("more than is declared is not in the catalogue, nor is less that was never more") {
    Scene scene = grow_scene();
    memory_in(scene).limit_bytes_max = 95 * mebibyte;
    CHECK(scene.refuses(catalogue_rule));
    memory_in(scene).limit_bytes_max = 96 * mebibyte;
    CHECK(scene.is_permitted());
    scene.asked.remedy = shrink_0;
    CHECK(scene.refuses(catalogue_rule));
    scene.asked.remedy = Resize{payments_0, 64 * mebibyte, 64 * mebibyte};
    CHECK(scene.refuses(catalogue_rule));
}

TEST_CASE("a proposal's word is not enough: the executor sees the limit and who reached it") {
    Scene never_killed = grow_scene();
    memory_in(never_killed).was_killed = false;
    CHECK(never_killed.refuses(catalogue_rule));
    Scene another_limit = grow_scene();
    memory_in(another_limit).limit_bytes = 80 * mebibyte;
    CHECK(another_limit.refuses(catalogue_rule));
    Scene unknown = grow_scene();
    unknown.facts.instances[0].runtime.memory.reset();
    CHECK(unknown.refuses(catalogue_rule));
    Scene another = grow_scene();
    another.asked.symptom.subject.name = "payments-1";
    CHECK(another.refuses(catalogue_rule));
}

TEST_CASE("it takes no capacity away, and needs room for being taken back") {
    Scene scene = grow_scene();
    scene.limits.min_healthy = 3;
    CHECK(scene.is_permitted());
    scene.limits.effects_max = 1;
    CHECK(scene.refuses(budget_rule));
    CHECK(scene.refuses(grow_step, budget_rule));
    scene.limits.effects_max = 2;
    CHECK(scene.is_permitted());
}

TEST_CASE("a step sets what its remedy says, at the pod that has the old limit, and nothing else") {
    const Scene scene = grow_scene();
    const SetMemory step = std::get<SetMemory>(grow_step);
    SetMemory too_much = step;
    too_much.to_bytes += mebibyte;
    SetMemory another_pod = step;
    another_pod.pod = "uid-9";
    SetMemory no_pod = step;
    no_pod.pod.clear();
    SetMemory another = step;
    another.instance = payments_1;
    for (const SetMemory& wrong : {too_much, another_pod, no_pod, another}) {
        CHECK(scene.refuses(wrong, step_rule));
    }
    CHECK(scene.refuses(replace_0, step_rule));
    Scene changed = grow_scene();
    carry_out(changed);
    CHECK(changed.refuses(grow_step, step_rule));  // It has been set.
}

TEST_CASE("what there is no room for is put back by the same remedy, and nothing else is") {
    Scene scene = grow_scene();
    CHECK(scene.refuses(shrink_step, step_rule));
    carry_out(scene);
    memory_in(scene).is_in_force = false;
    CHECK(scene.ask(shrink_step));
    memory_in(scene).is_in_force = true;
    CHECK(scene.refuses(shrink_step, step_rule));
}

TEST_CASE("what did not help is taken back once, and only while the limit is ours") {
    Scene scene = grow_scene();
    carry_out(scene);
    scene.asked.remedy = shrink_0;
    scene.asked.is_undo = true;
    CHECK(scene.is_permitted());
    CHECK(scene.ask(shrink_step));
    memory_in(scene).effect = EffectId{};
    CHECK(scene.refuses(shrink_step, step_rule));
}

TEST_CASE("a limit that somebody took back twice is left alone, and a person is called") {
    Scene scene = grow_scene();
    scene.limits.cool_down = {};
    learn_taken_back(scene, "i-11", now - seconds{60});
    CHECK(scene.is_permitted());
    learn_taken_back(scene, "i-12", now - seconds{30});
    CHECK(scene.escalates(taken_back_rule));
    // In a pod that is new since then it is as its template says, and nobody took anything back.
    Scene replaced = grow_scene();
    replaced.limits.cool_down = {};
    replaced.facts.instances[0].runtime.identity.pod = "uid-9";
    learn_taken_back(replaced, "i-11", now - seconds{60});
    learn_taken_back(replaced, "i-12", now - seconds{30});
    CHECK_FALSE(replaced.escalates(taken_back_rule));
}

TEST_CASE("where much looks dead more memory is given, and none is taken from who answers") {
    Scene scene = grow_scene();
    silence(scene.facts.instances[1]);
    silence(scene.facts.instances[2]);
    CHECK(scene.is_permitted());
    CHECK(scene.ask(grow_step));
}

TEST_CASE("what is wanted otherwise by now is not taken back, but what has begun goes on") {
    Scene scene = grow_scene();
    carry_out(scene);
    scene.asked.remedy = shrink_0;
    scene.asked.is_undo = true;
    REQUIRE(scene.is_permitted());
    for (const std::uint64_t limit : {64 * mebibyte, 80 * mebibyte}) {
        memory_in(scene).limit_bytes = limit;
        CHECK(scene.refuses(catalogue_rule));
    }
    IntentBody undo;
    undo.effect = EffectId("i-1.e2");
    undo.remedy = shrink_0;
    undo.step = shrink_step;
    undo.is_undo = true;
    scene.history.learn(entry_of(EntryKind::intent, incident, undo), now);
    memory_in(scene).limit_bytes = 64 * mebibyte;
    CHECK_FALSE(scene.refuses(catalogue_rule));
}

}  // namespace homeostat::guard
