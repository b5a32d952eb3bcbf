// The freeze: when much looks dead at once, the observer is the suspect. A case in which it trips
// for each branch, and the nearest one in which it does not.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const Remedy restart_2 = Restart{payments_2};
const Step drain_2 = Drain{payments_2};
const Step replace_2 = Replace{payments_2, {12, 1000}, v2, c2};
const Step start_spare_3 = Replace{payments_3, {}, v2, c2};

/// The first `count` instances run and do not answer; a floor is not what this is about.
Scene silent_scene(const Remedy& remedy, std::size_t count) {
    Scene scene = scene_of(remedy);
    for (std::size_t index = 0; index < count; ++index) {
        silence(scene.facts.instances[index]);
    }
    scene.limits.min_healthy = 0;
    return scene;
}

void drain(InstanceFacts& instance) {
    instance.rotation = Rotation::draining;
    instance.sessions_now = 0;
}

/// And the edge counts the failures that this would bring.
Scene confirmed_scene(const Remedy& remedy, std::size_t count) {
    Scene scene = silent_scene(remedy, count);
    let_edge_count(scene, errors_of_a_real_fault);
    return scene;
}

}  // namespace

TEST_CASE(
    "probes that call all dead while users are served stop every remedy, then call a person") {
    for (const Remedy& remedy : {Remedy{Observe{}}, restart_0, eject_0, open_fraud, rolling,
                                 scale_up, rollback, config_rollback}) {
        Scene scene = silent_scene(remedy, 3);
        scene.asked.silence.since = now;
        CHECK(scene.refuses(freeze_rule));
        CHECK(scene.verdict().again_at == now + ask_again_after);
        scene.at = now + confirm_for_max;
        scene.facts.read_at = scene.at;
        CHECK(scene.escalates(freeze_rule));
    }
    CHECK(
        silent_scene(rollback, 3).verdict().because ==
        "3 of 3 instances run and do not answer us, but 1 of 400 requests at the edge failed: the "
        "prober is the suspect");
    Scene idle = silent_scene(rollback, 3);
    idle.asked.edge_requests_at_open = idle.facts.edge.requests_total;
    idle.asked.edge_errors_at_open = idle.facts.edge.errors_total;
    CHECK(idle.refuses(freeze_rule));
    CHECK(idle.verdict().because ==
          "3 of 3 instances run and do not answer us, and no request has come to the edge to say "
          "whether it is so");
}

TEST_CASE("on the probes' word alone no step takes, changes or adds anything") {
    CHECK(silent_scene(rollback, 3).refuses(swap_step, freeze_rule));
    CHECK(silent_scene(restart_0, 3).refuses(drain_0, freeze_rule));
    CHECK(silent_scene(restart_0, 3).refuses(replace_0, freeze_rule));
    CHECK(silent_scene(scale_up, 3).refuses(start_spare_3, freeze_rule));
    CHECK(silent_scene(open_fraud, 3).refuses(open_step, freeze_rule));
}

TEST_CASE("a remedy that has begun stops where the probes call all dead, and may give back") {
    Scene scene = silent_scene(rolling, 3);
    learn_effect(scene.history, {incident, "i-1.e1", rolling, drain_0}, now);
    drain(scene.facts.instances[0]);
    CHECK(scene.refuses(replace_2, freeze_rule));
    CHECK(scene.ask(undrain_0));
    Scene opened = silent_scene(close_fraud, 3);
    opened.facts.circuits.front().is_open = true;
    opened.asked.is_undo = true;
    learn_effect(opened.history, {incident, "i-1.e1", open_fraud, open_step}, now - seconds{700});
    opened.history.learn(held_entry(incident, open_fraud), now);
    CHECK(opened.is_permitted());
    CHECK(opened.ask(close_step));
    Scene rerouted = silent_scene(route_back_quotes, 3);
    rerouted.facts.routes.front().is_to_source = true;
    rerouted.asked.is_undo = true;
    learn_effect(rerouted.history, {incident, "i-1.e1", reroute_quotes, route_step},
                 now - seconds{700});
    rerouted.history.learn(held_entry(incident, reroute_quotes), now);
    CHECK(rerouted.is_permitted());
    CHECK(rerouted.ask(route_back_step));
}

TEST_CASE("what changes all of them goes on once the edge confirms that much is dead") {
    for (const Remedy& remedy : {rollback, config_rollback, scale_up, open_fraud}) {
        CHECK(confirmed_scene(remedy, 2).is_permitted());
        CHECK(confirmed_scene(remedy, 3).is_permitted());
    }
    CHECK(confirmed_scene(rollback, 3).ask(swap_step));
    CHECK(confirmed_scene(scale_up, 3).ask(start_spare_3));
    CHECK(confirmed_scene(open_fraud, 3).ask(open_step));
    Scene swapped = confirmed_scene(rollback, 2);
    learn_effect(swapped.history, {incident, "i-1.e1", rollback, swap_step}, now);
    swapped.facts.versions.deploy.current = v1;
    CHECK(swapped.ask(drain_2));
}

TEST_CASE("what still answers is not taken away from a group of which much is dead") {
    CHECK(confirmed_scene(restart_2, 2).refuses(freeze_rule));
    CHECK(confirmed_scene(Eject{payments_2}, 2).refuses(freeze_rule));
    for (const Remedy& remedy : {restart_2, rolling}) {
        CHECK(confirmed_scene(remedy, 2).refuses(drain_2, freeze_rule));
        CHECK(confirmed_scene(remedy, 2).refuses(replace_2, freeze_rule));
    }
    Scene late = confirmed_scene(restart_2, 2);
    late.asked.silence.since = now;
    late.at = now + ask_again_for_max;
    late.facts.read_at = late.at;
    CHECK(late.escalates(freeze_rule));
}

TEST_CASE("a spare that answers is not stopped while much is dead") {
    Scene scene = confirmed_scene(scale_down, 2);
    start_spare(scene.facts);
    silence(scene.facts.instances[2]);
    scene.asked.is_undo = true;
    learn_effect(scene.history, {incident, "i-1.e1", scale_up, Undrain{payments_3}},
                 now - seconds{700});
    scene.history.learn(held_entry(incident, scale_up), now);
    const Step stop = Stop{payments_3, {13, 1000}};
    CHECK(scene.refuses(stop, freeze_rule));
    scene.facts.instances[0].runtime.is_answering = true;
    CHECK(scene.ask(stop));
}

TEST_CASE("an instance that does not answer is replaced where the edge confirms it") {
    for (const Remedy& remedy : {restart_0, rolling}) {
        CHECK(confirmed_scene(remedy, 3).is_permitted());
        CHECK(confirmed_scene(remedy, 3).ask(replace_0));
    }
}

TEST_CASE("what the edge has in rotation counts as serving while much is silent") {
    // One request in twenty fails, of whatever cause; who of the silent ones is lost it leaves
    // open.
    for (const Rotation rotation : {Rotation::in, Rotation::unknown}) {
        for (const Remedy& remedy : {restart_0, rolling, rollback}) {
            Scene scene = confirmed_scene(remedy, 3);
            scene.facts.instances[0].rotation = rotation;
            scene.limits.min_healthy = 2;
            CHECK(scene.refuses(floor_rule));
            if (remedy != rollback) {
                CHECK(scene.refuses(replace_0, floor_rule));
            }
        }
    }
}

TEST_CASE("what the edge has out as well is lost, and is started anew below the floor too") {
    for (const Remedy& remedy : {restart_0, rolling, rollback}) {
        Scene scene = confirmed_scene(remedy, 3);
        for (InstanceFacts& instance : scene.facts.instances) {
            instance.rotation = Rotation::down;
        }
        scene.limits.min_healthy = 2;
        CHECK(scene.is_permitted());
        if (remedy != rollback) {
            CHECK(scene.ask(replace_0));
        }
    }
}

TEST_CASE("what was started just now is no more lost than the others while much is silent") {
    Scene scene = silent_scene(restart_0, 3);
    for (std::size_t index = 0; index < 2;
         ++index) {  // A rollout goes on, so one alone looks dead.
        scene.facts.instances[index].runtime.started_at = now - seconds{2};
    }
    scene.limits.min_healthy = 2;
    CHECK(scene.refuses(replace_0, floor_rule));
}

TEST_CASE("one silent instance is lost, whatever the edge has not noticed yet") {
    Scene scene = silent_scene(restart_0, 1);
    scene.limits.min_healthy = 2;
    CHECK(scene.is_permitted());
    CHECK(scene.ask(replace_0));
}

TEST_CASE("the only instance is restarted for its silence once the edge agrees, not before") {
    for (const Remedy& remedy : {restart_0, rolling}) {
        Scene scene = silent_scene(remedy, 1);
        scene.facts.instances.resize(1);
        scene.limits.min_healthy = 1;
        CHECK(scene.refuses(freeze_rule));
        CHECK(scene.refuses(replace_0, freeze_rule));
        CHECK(scene.verdict().again_at == now + ask_again_after);
        CHECK(scene.verdict().because ==
              "the only instance runs and does not answer us, but 1 of 400 requests at the edge "
              "failed: the prober is the suspect");
        scene.asked.refused_since = now - ask_again_for_max;  // Then a person.
        CHECK(scene.refuses(freeze_rule));
        CHECK_FALSE(scene.verdict().again_at);
        Scene is_out = scene;
        is_out.facts.instances[0].rotation = Rotation::down;  // By its own checks.
        CHECK(is_out.is_permitted());
        CHECK(is_out.ask(replace_0));
        let_edge_count(scene, errors_of_a_real_fault);
        CHECK(scene.is_permitted());
        CHECK(scene.ask(replace_0));
    }
}

TEST_CASE("where there is no edge nobody else is asked about the only instance") {
    Scene scene = silent_scene(restart_0, 1);
    scene.facts.instances.resize(1);
    scene.facts.has_edge = false;
    CHECK(scene.is_permitted());
    CHECK(scene.ask(replace_0));
}

TEST_CASE("processes that have ended are started again, be it all of them at once") {
    Scene scene = reflex_scene();
    end_process(scene.facts.instances[1]);
    end_process(scene.facts.instances[2]);
    CHECK(scene.is_permitted());
    CHECK(scene.ask(start_0));
    // Two others run and are silent: starting the one that has ended takes nothing from anybody.
    Scene mixed = reflex_scene();
    silence(mixed.facts.instances[1]);
    silence(mixed.facts.instances[2]);
    CHECK(mixed.is_permitted());
    CHECK(mixed.ask(start_0));
}

TEST_CASE("what is drained and serves nobody is ended and started again, whoever is silent") {
    for (const bool is_silent : {true, false}) {
        Scene scene = silent_scene(restart_2, 2);
        drain(scene.facts.instances[2]);
        scene.facts.instances[2].runtime.is_answering = !is_silent;
        CHECK(scene.is_permitted());
        CHECK(scene.ask(replace_2));
        let_edge_count(scene, errors_of_a_real_fault);
        CHECK(scene.is_permitted());
        CHECK(scene.ask(replace_2));
    }
    Scene rolled_back = silent_scene(rollback, 3);
    learn_effect(rolled_back.history, {incident, "i-1.e1", rollback, swap_step}, now);
    rolled_back.facts.versions.deploy.current = v1;
    drain(rolled_back.facts.instances[0]);
    CHECK(rolled_back.ask(Replace{payments_0, {10, 1000}, v1, c2}));
}

TEST_CASE("what may still serve is not called drained while much is silent") {
    Scene busy = silent_scene(restart_2, 2);
    drain(busy.facts.instances[2]);
    busy.facts.instances[2].sessions_now = 1;
    CHECK(busy.refuses(freeze_rule));
    CHECK(busy.refuses(replace_2, freeze_rule));
    for (const Rotation rotation : {Rotation::in, Rotation::down, Rotation::unknown}) {
        Scene scene = silent_scene(restart_2, 3);
        scene.facts.instances[2].rotation = rotation;
        CHECK(scene.refuses(freeze_rule));
        CHECK(scene.refuses(replace_2, freeze_rule));
    }
    Scene no_edge = silent_scene(restart_2, 2);
    drain(no_edge.facts.instances[2]);
    no_edge.facts.has_edge = false;
    CHECK(no_edge.refuses(freeze_rule));
}

TEST_CASE("the edge has its time from when the silence began, whatever was done before it") {
    Scene scene = silent_scene(rolling, 3);
    learn_effect(scene.history, {incident, "i-1.e1", rolling, drain_0}, now - seconds{60});
    CHECK(scene.refuses(drain_2, freeze_rule));
    scene.asked.silence.since = now - confirm_for_max + milliseconds{1};
    CHECK(scene.refuses(drain_2, freeze_rule));
    scene.asked.silence.since = now - confirm_for_max;
    CHECK(scene.ask(drain_2).error().kind == VerdictKind::escalation);
    learn_effect(scene.history, {incident, "i-1.e2", rolling, replace_0}, now - seconds{1});
    CHECK(scene.ask(drain_2).error().kind == VerdictKind::escalation);
}

TEST_CASE("a silence goes on until complete facts show otherwise") {
    Scene silent = silent_scene(rolling, 2);
    const Limits limits = silent.limits;
    CHECK(silence_after(silent.asked, silent.facts, limits) == Silence{now, false});
    silent.facts.read_at = now + seconds{5};
    Case asked = silent.asked;
    asked.silence = {now, true};
    CHECK(silence_after(asked, silent.facts, limits) == asked.silence);
    Facts well = serving_facts();
    well.is_complete = false;
    CHECK(silence_after(asked, well, limits) == asked.silence);
    CHECK(silence_after(silent.asked, well, limits) == Silence{});
    well.is_complete = true;
    CHECK(silence_after(asked, well, limits) == Silence{});
    CHECK(silence_after(asked, silent_scene(rolling, 1).facts, limits) == Silence{});
}

TEST_CASE("what the edge has confirmed holds as long as the silence does, and no longer") {
    Scene scene = confirmed_scene(rollback, 3);
    scene.asked.silence = silence_after(scene.asked, scene.facts, scene.limits);
    CHECK(scene.asked.silence == Silence{now, true});
    // The edge has taken the dead ones out: thousands of requests go well since.
    scene.facts.edge.requests_total += 8'400;
    CHECK(scene.is_permitted());
    CHECK(scene.ask(swap_step));
    scene.asked.silence = silence_after(scene.asked, serving_facts(), scene.limits);
    CHECK(scene.refuses(freeze_rule));
    Scene no_edge = confirmed_scene(rollback, 3);
    no_edge.facts.has_edge = false;
    CHECK(silence_after(no_edge.asked, no_edge.facts, no_edge.limits) == Silence{now, false});
}

TEST_CASE("up to the share nothing is different, and one instance alone is no mass") {
    Scene one = silent_scene(restart_0, 1);
    CHECK(one.is_permitted());
    CHECK(one.ask(replace_0));
    one.limits.freeze_above = 0;
    CHECK(one.is_permitted());
    Scene half = silent_scene(restart_0, 2);
    start_spare(half.facts);
    CHECK(half.is_permitted());
    half.limits.freeze_above = 0.49;
    CHECK(half.refuses(freeze_rule));
    Scene all = silent_scene(restart_0, 3);
    all.limits.freeze_above = 1;
    CHECK(all.is_permitted());
}

TEST_CASE("a spare at rest is neither dead nor one of those that could answer") {
    const std::vector<InstanceFacts> spares{spare_instance(payments_3),
                                            spare_instance(InstanceId("payments-4"))};
    Scene one = silent_scene(restart_0, 1);
    one.facts.spares = spares;
    one.limits.freeze_above = 0;
    CHECK(one.is_permitted());
    Scene two = silent_scene(restart_0, 2);
    two.facts.spares = spares;
    CHECK(two.refuses(freeze_rule));
    CHECK(two.verdict().because.starts_with("2 of 3 instances"));
}

TEST_CASE("a process that was started just now is not called dead") {
    Scene scene = silent_scene(restart_0, 2);
    scene.facts.instances[1].runtime.started_at = now - milliseconds{2999};
    CHECK(scene.is_permitted());
    scene.facts.instances[1].runtime.started_at = now - seconds{3};
    CHECK(scene.refuses(freeze_rule));
}

TEST_CASE("a few failures among many requests confirm nothing") {
    Scene scene = silent_scene(rollback, 3);
    let_edge_count(scene, errors_of_a_real_fault - 1);
    CHECK(scene.refuses(freeze_rule));
    Scene quiet = silent_scene(rollback, 3);
    quiet.asked.edge_requests_at_open = quiet.facts.edge.requests_total - 4;
    let_edge_count(quiet, 3);
    CHECK(quiet.refuses(freeze_rule));
    let_edge_count(quiet, 4);
    CHECK(quiet.is_permitted());
}

TEST_CASE("a proxy that was started again counts from zero, and what it counted since counts") {
    Scene scene = silent_scene(rollback, 3);
    scene.facts.edge.requests_total = 30;
    scene.facts.edge.errors_total = 3;
    CHECK(scene.refuses(freeze_rule));
    scene.facts.edge.errors_total = 5;
    CHECK(scene.is_permitted());
}

TEST_CASE("without an edge there is nobody to confirm that much is dead") {
    Scene scene = silent_scene(rolling, 3);
    scene.facts.has_edge = false;
    CHECK(scene.refuses(freeze_rule));
    CHECK(
        scene.verdict().because ==
        "3 of 3 instances run and do not answer us, and there is no edge to ask whether it is so");
}

}  // namespace homeostat::guard
