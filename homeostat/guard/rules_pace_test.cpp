// The rules about how much and how often: a case in which each trips, and the nearest one in which
// it does not.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <string_view>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a target cools down per remedy kind from the close of the incident that used it") {
    Scene scene = scene_of(restart_0);
    learn_effect(scene.history, {incident_other, "i-2.e1", restart_0, drain_0}, now - seconds{60});
    scene.history.learn(closed_entry(incident_other), now - seconds{30});
    const Verdict verdict = scene.verdict();
    CHECK(verdict.kind == VerdictKind::refusal);
    CHECK(verdict.rule == cool_down_rule);
    CHECK(verdict.again_at == now + seconds{90});
    scene.at = now + seconds{90} - milliseconds{1};
    scene.facts.read_at = scene.at;
    CHECK(scene.refuses(cool_down_rule));
    scene.at = now + seconds{90};
    scene.facts.read_at = scene.at;
    CHECK(scene.is_permitted());

    Scene other_target = scene_of(Restart{payments_1});
    other_target.history = scene.history;
    CHECK(other_target.is_permitted());
    Scene other_kind = scene_of(rolling);
    other_kind.history = scene.history;
    CHECK(other_kind.is_permitted());
}

TEST_CASE("what an incident that is open still has used cools down from its last effect") {
    Scene scene = scene_of(restart_0);
    learn_effect(scene.history, {incident_other, "i-2.e1", restart_0, drain_0}, now - seconds{30});
    ProofBody proof;
    proof.remedy = restart_0;
    proof.proof.kind = ProofKind::not_helped;
    scene.history.learn(entry_of(EntryKind::proof, incident_other, proof), now - seconds{20});
    CHECK(scene.refuses(cool_down_rule));
    CHECK(scene.verdict().again_at == now + seconds{90});
    scene.at = now + seconds{90};
    scene.facts.read_at = scene.at;
    CHECK(scene.is_permitted());

    Scene same_incident = scene_of(restart_0);
    learn_effect(same_incident.history, {incident, "i-1.e1", restart_0, drain_0},
                 now - seconds{30});
    same_incident.history.learn(entry_of(EntryKind::proof, incident, proof), now - seconds{20});
    CHECK(same_incident.is_permitted());
}

TEST_CASE("a service that was rolled back cools down, whichever artifact it was and will be") {
    for (const auto& [before, after] : {std::pair{rollback, config_rollback},
                                        {config_rollback, rollback},
                                        {config_rollback, config_rollback}}) {
        Scene scene = scene_of(after);
        learn_effect(scene.history, {incident_other, "i-2.e1", before, drain_0}, now - seconds{60});
        scene.history.learn(closed_entry(incident_other), now - seconds{30});
        CHECK(scene.refuses(cool_down_rule));
        scene.at = now + seconds{90};
        scene.facts.read_at = scene.at;
        CHECK(scene.is_permitted());
    }
}

TEST_CASE("an incident has so many attempts, by the caller's or the ledger's count") {
    Scene scene;
    scene.asked.attempts_count = 2;
    CHECK(scene.is_permitted());
    scene.asked.attempts_count = 3;
    CHECK(scene.escalates(attempts_rule));

    Scene forgetful;
    for (const Remedy& remedy : {restart_0, Remedy{Restart{payments_1}}, rolling}) {
        CHECK(forgetful.is_permitted());
        const std::string effect = "i-1.e" + describe(remedy);
        learn_effect(forgetful.history, {incident, effect, remedy, drain_0}, now);
    }
    CHECK(forgetful.escalates(attempts_rule));
    forgetful.asked.remedy = rolling;  // The third one, which is in hand.
    CHECK(forgetful.is_permitted());

    Scene never;
    never.limits.attempts_max = 0;
    CHECK(never.escalates(attempts_rule));
}

TEST_CASE("a reflex acts at once, then backs off and doubles up to a maximum, then escalates") {
    Scene scene = reflex_scene();
    scene.limits.attempts_max = 8;
    scene.limits.back_off_max = seconds{5};
    Instant last = now;
    const std::vector<int> waits{0, 1, 2, 4, 5, 5, 5, 5};
    for (std::size_t count = 0; count < waits.size(); ++count) {
        CAPTURE(count);
        const Instant again_at = last + seconds{waits[count]};
        if (waits[count] > 0) {
            scene.at = again_at - milliseconds{1};
            scene.facts.read_at = scene.at;
            const Verdict verdict = scene.verdict();
            CHECK(verdict.rule == back_off_rule);
            CHECK(verdict.again_at == again_at);
            CHECK(scene.refuses(start_0, back_off_rule));
        }
        scene.at = again_at;
        scene.facts.read_at = scene.at;
        CHECK(scene.is_permitted());
        CHECK(scene.ask(start_0));
        learn_reflex_restart(scene.history, IncidentId("i-r" + std::to_string(count)), scene.at);
        last = scene.at;
    }
    scene.at = last + seconds{60};
    scene.facts.read_at = scene.at;
    CHECK(scene.escalates(back_off_rule));
    scene.at = last + scene.limits.effects_window;
    scene.facts.read_at = scene.at;
    CHECK(scene.is_permitted());
}

TEST_CASE("the reflex restarts of one instance do not hold up another") {
    Scene scene = reflex_scene();
    learn_reflex_restart(scene.history, IncidentId("i-r1"), now);
    CHECK(scene.refuses(back_off_rule));
    end_process(scene.facts.instances[1]);
    scene.asked.remedy = Restart{payments_1};
    scene.asked.symptom.subject.name = "payments-1";
    CHECK(scene.is_permitted());
}

TEST_CASE("no step takes the group below its floor") {
    Scene scene = scene_of(rolling);
    CHECK(scene.ask(drain_0));
    CHECK(scene.ask(replace_0));
    end_process(scene.facts.instances[1]);
    CHECK(scene.refuses(drain_0, floor_rule));
    CHECK(scene.refuses(replace_0, floor_rule));
    scene.limits.min_healthy = 1;
    CHECK(scene.ask(drain_0));
}

TEST_CASE("replacing an instance that does not serve costs nothing") {
    Scene scene = scene_of(rolling);
    for (InstanceFacts& instance : scene.facts.instances) {
        end_process(instance);
    }
    CHECK(scene.is_permitted());
    CHECK(scene.ask(start_0));
    scene.facts.instances[0] = serving_instance(payments_0, 10);
    scene.facts.instances[0].rotation = Rotation::draining;
    CHECK(scene.ask(replace_0));
    scene.facts.instances[0].rotation = Rotation::down;
    CHECK(scene.ask(replace_0));
    // An edge that says nothing of an instance may well send it requests.
    scene.facts.instances[0].rotation = Rotation::unknown;
    CHECK(scene.refuses(replace_0, floor_rule));
}

TEST_CASE("an undrain never lowers capacity, whatever the floor") {
    Scene scene = scene_of(rolling);
    scene.limits.min_healthy = 3;
    scene.facts.instances[0].rotation = Rotation::draining;
    learn_own_drain(scene.history, payments_0);
    CHECK(scene.ask(undrain_0));
}

TEST_CASE("a remedy whose first disruptive step could never be allowed is refused whole") {
    Scene scene = scene_of(rolling);
    scene.limits.min_healthy = 3;
    const Verdict never = scene.verdict();
    CHECK(never.rule == floor_rule);
    CHECK_FALSE(never.again_at);
    scene.limits.min_healthy = 2;
    CHECK(scene.is_permitted());
    end_process(scene.facts.instances[2]);
    CHECK(scene.is_permitted());  // It is started first.
    scene.asked.remedy = restart_0;
    const Verdict later = scene.verdict();
    CHECK(later.rule == floor_rule);
    CHECK(later.again_at);
    scene.asked.remedy = Restart{payments_2};
    CHECK(scene.is_permitted());
}

TEST_CASE("the budget holds every effect of a remedy before it begins") {
    Scene scene = scene_of(rolling);
    scene.limits.effects_max = 9;  // Three times drain, replace, undrain.
    CHECK(scene.is_permitted());
    spend(scene.history, 1, now - seconds{1});
    const Verdict verdict = scene.verdict();
    CHECK(verdict.rule == budget_rule);
    CHECK(verdict.again_at == now - seconds{1} + scene.limits.effects_window);
    scene.at = *verdict.again_at;
    scene.facts.read_at = scene.at;
    CHECK(scene.is_permitted());
    scene.limits.effects_max = 8;
    const Verdict never = scene.verdict();
    CHECK(never.rule == budget_rule);
    CHECK_FALSE(never.again_at);
    scene.limits.effects_max = 0;
    CHECK(scene.refuses(budget_rule));
    CHECK(scene.refuses(drain_0, budget_rule));
}

TEST_CASE("a full budget names the instant at which enough of it is free again") {
    Scene scene = scene_of(restart_0);
    scene.limits.effects_max = 6;
    for (const int second : {1, 2, 3, 4, 5}) {
        spend(scene.history, 1, now - seconds{60} + seconds{second});
    }
    // Three are needed and one is free: the second oldest has to leave the window.
    const Verdict verdict = scene.verdict();
    CHECK(verdict.rule == budget_rule);
    CHECK(verdict.again_at == now - seconds{58} + scene.limits.effects_window);
    scene.at = *verdict.again_at - milliseconds{1};
    scene.facts.read_at = scene.at;
    CHECK(scene.refuses(budget_rule));
    scene.at = *verdict.again_at;
    scene.facts.read_at = scene.at;
    CHECK(scene.is_permitted());
}

TEST_CASE("each remedy needs as many effects as its targets make it") {
    struct Row {
        Remedy remedy;
        std::uint32_t needed;
    };
    for (const auto& [remedy, needed] : {Row{restart_0, 3}, Row{rolling, 9}, Row{rollback, 10}}) {
        Scene scene = scene_of(remedy);
        scene.limits.effects_max = needed;
        CHECK(scene.is_permitted());
        scene.limits.effects_max = needed - 1;
        CHECK(scene.refuses(budget_rule));
    }
    Scene dead = reflex_scene();
    dead.limits.effects_max = 1;
    CHECK(dead.is_permitted());
}

TEST_CASE("a step keeps room in the budget for the one that must follow it") {
    Scene scene = scene_of(restart_0);
    scene.limits.effects_max = 6;
    spend(scene.history, 3, now);
    CHECK(scene.ask(drain_0));
    spend(scene.history, 1, now);
    CHECK(scene.refuses(drain_0, budget_rule));
    scene.facts.instances[0].rotation = Rotation::draining;
    CHECK(scene.ask(replace_0));
    spend(scene.history, 1, now);
    CHECK(scene.refuses(replace_0, budget_rule));
    learn_own_drain(scene.history, payments_0);
    CHECK(scene.ask(undrain_0));
}

}  // namespace homeostat::guard
