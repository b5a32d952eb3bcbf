// A person's leave: for one remedy, once, for five minutes, in the world that they were told of.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace homeostat::guard {

namespace {

using namespace for_test;
using namespace std::chrono_literals;

/// Everything agrees but that a person has to be asked.
Scene asking_scene(const Remedy& remedy = rollback) {
    Scene scene = scene_of(remedy);
    scene.limits.autonomy[kind_of(remedy)] = Autonomy::ask;
    scene.history.learn({.kind = EntryKind::opened, .incident = incident, .body = {}}, now - 1min);
    return scene;
}

Entry answer_of(const Scene& scene, PersonSays says) {
    const AnsweredBody body{.question = "00000000000000aa",
                            .remedy = scene.asked.remedy,
                            .preconditions = preconditions_of(scene.asked.remedy, scene.facts),
                            .says = says,
                            .by = "alice",
                            .because = "seen"};
    return {.kind = EntryKind::answered, .incident = incident, .body = to_json(body)};
}

bool asks(const Scene& scene) {
    const Verdict verdict = scene.verdict();
    return verdict.kind == VerdictKind::question && verdict.rule == approval_rule;
}

bool asks_because(const Scene& scene, const std::string& because) {
    return asks(scene) && scene.verdict().because == because;
}

}  // namespace

TEST_CASE("a remedy at ask is a question, and leave turns it into a permit") {
    Scene scene = asking_scene();
    CHECK(asks_because(scene, "rollback stands at ask"));
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    CHECK(scene.is_permitted());
    CHECK(scene.ask(swap_step));
}

TEST_CASE("what the agent holds back is a question at `act`, and no permission at `watch`") {
    Scene scene = asking_scene();
    scene.limits.autonomy[RemedyKind::rollback] = Autonomy::act;
    REQUIRE(scene.is_permitted());
    scene.asked.is_held_back = true;
    CHECK(asks_because(scene, "rollback stands at act, and this one is held back"));
    CHECK_FALSE(scene.ask(swap_step));
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    CHECK(scene.is_permitted());
    CHECK(scene.ask(swap_step));
    CHECK(approver_of(scene.asked, scene.history, scene.limits) == "alice");
    scene.limits.autonomy[RemedyKind::rollback] = Autonomy::watch;
    CHECK(scene.refuses(autonomy_rule));
}

TEST_CASE("a no to what was held back binds the next choice, also one that is not") {
    Scene scene = asking_scene();
    scene.limits.autonomy[RemedyKind::rollback] = Autonomy::act;
    scene.history.learn(answer_of(scene, PersonSays::denied), now - 1min);
    scene.asked.incident = IncidentId("i-2");
    CHECK(scene.refuses(approval_rule));
    scene.asked.is_undo = true;
    CHECK(scene.verdict().rule != approval_rule);
}

TEST_CASE("what has ended is started, whatever a model was asked about it") {
    Scene scene = reflex_scene();
    REQUIRE(scene.is_permitted());
    scene.asked.is_held_back = true;
    CHECK(scene.is_permitted());
    scene.limits.autonomy[RemedyKind::restart] = Autonomy::ask;
    CHECK(asks(scene));
}

TEST_CASE("what is taken back is not held back") {
    Scene scene = asking_scene();
    scene.limits.autonomy[RemedyKind::rollback] = Autonomy::act;
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    scene.asked.is_held_back = true;
    scene.asked.is_undo = true;
    CHECK(scene.verdict().rule != approval_rule);
}

TEST_CASE("nobody is asked for what would not be done anyway") {
    Scene scene = asking_scene();
    scene.facts.is_suspended = true;
    CHECK(scene.refuses(switch_rule));
    scene.facts.is_suspended = false;
    scene.limits.effects_max = 0;
    CHECK(scene.refuses(budget_rule));
}

TEST_CASE("leave changes no other rule") {
    Scene scene = asking_scene(rolling);
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    REQUIRE(scene.ask(drain_0));
    scene.limits.min_healthy = 3;
    CHECK(scene.refuses(drain_0, floor_rule));
    scene.facts.is_suspended = true;
    CHECK(scene.refuses(switch_rule));
}

TEST_CASE("leave lasts five minutes") {
    Scene scene = asking_scene();
    scene.history.learn(answer_of(scene, PersonSays::approved), now - approval_for_max);
    CHECK(scene.is_permitted());
    scene = asking_scene();
    scene.history.learn(answer_of(scene, PersonSays::approved), now - approval_for_max - 1s);
    CHECK(asks_because(scene,
                       "rollback stands at ask, and alice agreed 301 s ago, which is too long"));
}

TEST_CASE("leave is for the remedy that was asked for, and for no other") {
    Scene scene = asking_scene();
    Scene other = asking_scene(config_rollback);
    scene.history.learn(answer_of(other, PersonSays::approved), now - 1s);
    CHECK(asks(scene));
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    scene.asked.incident = incident_other;
    CHECK(asks(scene));
}

TEST_CASE("leave is for the world that the person was told of") {
    Scene scene = asking_scene(restart_0);
    silence(scene.facts.instances[0]);
    scene.asked.symptom.kind = SymptomKind::instance_not_answering;
    scene.asked.symptom.subject = {SubjectKind::instance, "payments-0"};
    REQUIRE(asks(scene));
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    REQUIRE(scene.is_permitted());
    SUBCASE("another process runs there") {
        scene.facts.instances[0].runtime.identity.pid += 1;
    }
    SUBCASE("it has ended") {
        scene.facts.instances[0].runtime.is_alive = false;
    }
    SUBCASE("its pid was given to another process") {
        scene.facts.instances[0].runtime.identity.start_ticks += 1;
    }
    SUBCASE("another version is current") {
        scene.facts.versions.deploy.current = v1;
    }
    SUBCASE("another configuration is current") {
        scene.facts.versions.config.current = c1;
    }
    CHECK(asks_because(
        scene, "restart stands at ask, and what alice agreed to is no longer what is there"));
}

TEST_CASE("leave works once, for all steps of the remedy and for no second time") {
    Scene scene = asking_scene();
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    scene.facts.versions.deploy.current = v1;  // Its own step changed what was asked about.
    CHECK(scene.ask(drain_0, "i-1.e2"));
    scene.at = now + approval_for_max + 1s;  // What has begun is carried through.
    scene.facts.read_at = scene.at;
    CHECK(scene.ask(drain_0, "i-1.e2"));
    scene.at = now;
    scene.facts.read_at = now;
    scene.facts.versions.deploy.current = v2;
    const ProofBody proof{rollback, {.kind = ProofKind::not_helped}};
    scene.history.learn({EntryKind::proof, incident, to_json(proof)}, now);
    scene.limits.cool_down = {};
    CHECK(asks_because(scene, "rollback stands at ask"));
}

TEST_CASE("an undo of what a person agreed to needs no leave") {
    Scene scene = asking_scene();
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    scene.facts.versions.deploy.current = v1;
    scene.asked.remedy = rollback_undo;
    scene.asked.is_undo = true;
    CHECK(scene.is_permitted());
}

TEST_CASE("whatever ends the remedy or puts another question ends the leave") {
    const Verdict question{.kind = VerdictKind::question, .rule = std::string(approval_rule)};
    const std::vector<Entry> ends{
        {EntryKind::proposed, incident, {}},
        {EntryKind::escalated, incident, to_json(EscalatedBody{"help"})},
        {EntryKind::verdict, incident,
         to_json(VerdictBody{.remedy = rollback, .step = {}, .verdict = question})}};
    for (const Entry& end : ends) {
        CAPTURE(to_text(end.kind));
        Scene scene = asking_scene();
        scene.limits.cool_down = {};
        scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
        REQUIRE(scene.is_permitted());
        scene.history.learn(end, now);
        CHECK(asks(scene));
    }
}

TEST_CASE("leave for a process that ended is not for the end of another one") {
    Scene scene = asking_scene(restart_0);
    scene.asked.symptom.kind = SymptomKind::instance_down;
    scene.asked.symptom.subject = {SubjectKind::instance, "payments-0"};
    end_process(scene.facts.instances[0]);
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    REQUIRE(scene.is_permitted());
    scene.facts.instances[0].runtime.identity.pid += 1;  // Started by hand, and ended as well.
    CHECK(asks(scene));
}

TEST_CASE("leave to restart all is for the processes that ran then") {
    Scene scene = asking_scene(rolling);
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    REQUIRE(scene.is_permitted());
    scene.facts.instances[2].runtime.identity.pid += 1;
    CHECK(asks(scene));
}

TEST_CASE("what began without a question needs leave to go on once the setting has changed") {
    Scene scene = asking_scene();
    scene.limits.autonomy[RemedyKind::rollback] = Autonomy::act;
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    scene.facts.versions.deploy.current = v1;
    CHECK(scene.ask(drain_0, "i-1.e2"));
    scene.limits.autonomy[RemedyKind::rollback] = Autonomy::ask;
    CHECK_FALSE(scene.ask(drain_0, "i-1.e2"));
    CHECK(approver_of(scene.asked, scene.history, scene.limits).empty());
}

TEST_CASE("whoever agreed is named while they had to be asked, and for nothing else") {
    Scene scene = asking_scene();
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    CHECK(approver_of(scene.asked, scene.history, scene.limits) == "alice");
    scene.asked.is_undo = true;
    CHECK(approver_of(scene.asked, scene.history, scene.limits).empty());
    scene.asked.is_undo = false;
    scene.asked.remedy = config_rollback;
    CHECK(approver_of(scene.asked, scene.history, scene.limits).empty());
    scene.asked.remedy = rollback;
    scene.limits.autonomy[RemedyKind::rollback] = Autonomy::act;
    CHECK(approver_of(scene.asked, scene.history, scene.limits).empty());
}

TEST_CASE("who has said no is not asked for the same for an hour, in no incident") {
    Scene scene = asking_scene();
    scene.history.learn(answer_of(scene, PersonSays::denied), now - 600s);
    scene.asked.incident = incident_other;
    CHECK(scene.refuses(approval_rule));
    CHECK(scene.verdict().because == "alice said no to this 600 s ago");
    CHECK_FALSE(scene.verdict().again_at);
    Scene other = asking_scene(rolling);
    other.history = scene.history;
    CHECK(asks(other));
    scene.at = now + 50min;
    scene.facts.read_at = scene.at;
    CHECK(asks(scene));
}

TEST_CASE("a no in one incident ends a yes of before in another") {
    Scene scene = asking_scene();
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 2s);
    scene.history.learn({.kind = EntryKind::opened, .incident = incident_other, .body = {}}, now);
    Entry denial = answer_of(scene, PersonSays::denied);
    denial.incident = incident_other;
    scene.history.learn(denial, now - 1s);
    CHECK(scene.refuses(approval_rule));
}

TEST_CASE("a yes after a no counts, and a no after a yes") {
    Scene scene = asking_scene();
    scene.history.learn(answer_of(scene, PersonSays::denied), now - 600s);
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    CHECK(scene.is_permitted());
    scene.history.learn(answer_of(scene, PersonSays::denied), now);
    CHECK(scene.refuses(approval_rule));
}

TEST_CASE("what stands at act asks nobody, and of two permissions in one plan the lower counts") {
    Scene scene = scene_of(reroute_quotes);
    scene.asked.symptom.kind = SymptomKind::stale_cache;
    scene.asked.symptom.subject = {SubjectKind::cache, "quotes"};
    REQUIRE(scene.is_permitted());
    scene.limits.autonomy[RemedyKind::invalidate_cache] = Autonomy::ask;
    CHECK(asks_because(scene, "invalidate_cache stands at ask"));
    scene.history.learn({.kind = EntryKind::opened, .incident = incident, .body = {}}, now - 1min);
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    CHECK(scene.is_permitted());
}

TEST_CASE("leave that nothing began by ends with the boot, and a no moves with it") {
    Scene scene = asking_scene();
    scene.history.learn(answer_of(scene, PersonSays::approved), now);
    scene.history.move_back(1s);
    CHECK(asks(scene));  // Nobody knows how long the machine was off.
    scene.history.learn(answer_of(scene, PersonSays::denied), now);
    scene.history.move_back(30min);
    CHECK(scene.refuses(approval_rule));
    scene.history.move_back(31min);
    CHECK(asks(scene));
}

TEST_CASE("leave by which something was announced and nothing done ends with the boot as well") {
    for (const OutcomeKind outcome : {OutcomeKind::done, OutcomeKind::refused}) {
        CAPTURE(to_text(outcome));
        Scene scene = asking_scene();
        scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
        scene.history.learn(intent_entry(incident, "i-1.e1", rollback, swap_step), now);
        Scene cut = scene;
        cut.history.move_back({});
        CHECK_FALSE(cut.ask(swap_step, "i-1.e2"));
        scene.history.learn(outcome_entry(incident, "i-1.e1", outcome), now);
        scene.history.move_back({});
        scene.facts.versions.deploy.current = outcome == OutcomeKind::done ? v1 : v2;
        // What has changed something is carried through.
        const Step next = outcome == OutcomeKind::done ? Step(drain_0) : Step(swap_step);
        CHECK(scene.ask(next, "i-1.e2").has_value() == (outcome == OutcomeKind::done));
    }
}

TEST_CASE("leave that is not signed as it has to be is none, and guard says why") {
    Scene scene = asking_scene();
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    REQUIRE(scene.is_permitted());
    scene.asked.leave_trouble = "1 of 2 signatures that are needed hold";
    CHECK(
        asks_because(scene, "rollback stands at ask, and 1 of 2 signatures that are needed hold"));
    CHECK_FALSE(scene.ask(swap_step));
}

TEST_CASE("a part of a yes is neither leave nor a no") {
    Scene scene = asking_scene();
    scene.history.learn(answer_of(scene, PersonSays::agreed_in_part), now - 1s);
    CHECK(asks_because(scene, "rollback stands at ask"));
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    scene.history.learn(answer_of(scene, PersonSays::agreed_in_part), now);
    CHECK(scene.is_permitted());
}

TEST_CASE("so many questions within an hour, and no more until the first is an hour old") {
    Scene scene = asking_scene();
    scene.limits.questions_per_hour_max = 2;
    const auto ask_at = [&](Instant at, bool is_contained) {
        VerdictBody body{rollback, std::nullopt, {}, Grounds{}};
        body.verdict.kind = VerdictKind::question;
        body.grounds->is_contained = is_contained;
        body.grounds->facts = scene.facts;
        scene.history.learn(
            {.kind = EntryKind::verdict, .incident = incident_other, .body = to_json(body)}, at);
    };
    ask_at(now - 50min, false);
    ask_at(now - 20min, true);  // Something was in force: a person was called, not asked.
    CHECK(asks(scene));
    ask_at(now - 10min, false);
    CHECK(scene.refuses(approval_rule));
    CHECK(scene.verdict().may_pass);
    CHECK(scene.verdict().again_at == now + 10min);
    scene.limits.questions_per_hour_max.reset();
    CHECK(asks(scene));
    scene.limits.questions_per_hour_max = 2;
    Scene later = scene;
    later.at = now + 10min;
    later.facts.read_at = later.at;
    CHECK(asks(later));
    scene.history.move_back(10min);
    CHECK(asks(scene));
    scene.limits.questions_per_hour_max = 0;
    CHECK(scene.refuses(approval_rule));
    CHECK_FALSE(scene.verdict().again_at);
    scene.history.learn(answer_of(scene, PersonSays::approved), now - 1s);
    CHECK(scene.is_permitted());  // Who was asked may still answer.
}

}  // namespace homeostat::guard
