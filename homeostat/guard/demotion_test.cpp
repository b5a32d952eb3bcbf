// What a demotion keeps from acting alone, for how long, and what it does not touch.

#include "homeostat/domain/demotion.hpp"

#include "homeostat/domain/dropped.hpp"
#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <string>

namespace homeostat::guard {

namespace {

using namespace for_test;
using namespace std::chrono_literals;

Entry demoted_entry(RemedyKind kind, const std::string& in = "i-7") {
    return {.kind = EntryKind::demoted,
            .incident = IncidentId(in),
            .body = to_json(Demotion{kind, IncidentId(in), "12 of 20 requests failed"})};
}

Entry promoted_entry(RemedyKind kind) {
    return {.kind = EntryKind::promoted,
            .incident = {},
            .body = to_json(PromotedBody{kind, "alice", "the probe was wrong"})};
}

/// Of the `dropped` entry of a ledger that has learnt these.
Entry dropped_entry(const std::vector<Entry>& before) {
    DroppedBody body;
    for (const Entry& entry : before) {
        body.carried.learn(entry);
    }
    return {.kind = EntryKind::dropped, .incident = {}, .body = to_json(body)};
}

Scene demoted_scene(const Remedy& remedy, RemedyKind kind) {
    Scene scene = scene_of(remedy);
    scene.limits.demotes = true;
    scene.history.learn({.kind = EntryKind::opened, .incident = incident, .body = {}}, now - 1min);
    scene.history.learn(demoted_entry(kind), now - 1h);
    return scene;
}

bool asks(const Scene& scene) {
    const Verdict verdict = scene.verdict();
    return verdict.kind == VerdictKind::question && verdict.rule == approval_rule;
}

Entry approval_of(const Scene& scene) {
    const AnsweredBody body{.question = "00000000000000aa",
                            .remedy = scene.asked.remedy,
                            .preconditions = preconditions_of(scene.asked.remedy, scene.facts),
                            .says = PersonSays::approved,
                            .by = "alice",
                            .because = "seen"};
    return {.kind = EntryKind::answered, .incident = incident, .body = to_json(body)};
}

}  // namespace

TEST_CASE("a kind that is demoted asks, at `act`, and says since which incident") {
    Scene scene = demoted_scene(rollback, RemedyKind::rollback);
    REQUIRE(asks(scene));
    CHECK(scene.verdict().because == "rollback is demoted to ask, as it did not help in i-7");
    CHECK_FALSE(scene.ask(swap_step));
    CHECK(autonomy_now(RemedyKind::rollback, scene.history, scene.limits) == Autonomy::ask);
    scene.history.learn(approval_of(scene), now - 1s);
    CHECK(scene.is_permitted());
    CHECK(scene.ask(swap_step));
    CHECK(approver_of(scene.asked, scene.history, scene.limits) == "alice");
}

TEST_CASE("a demotion is of its kind alone, and raises nothing") {
    Scene other = demoted_scene(rolling, RemedyKind::rollback);
    CHECK(other.is_permitted());
    Scene watched = demoted_scene(rollback, RemedyKind::rollback);
    watched.limits.autonomy[RemedyKind::rollback] = Autonomy::watch;
    CHECK(watched.refuses(autonomy_rule));
    CHECK(autonomy_now(RemedyKind::rollback, watched.history, watched.limits) == Autonomy::watch);
}

TEST_CASE("only a person lifts a demotion, and no time does") {
    Scene scene = demoted_scene(rollback, RemedyKind::rollback);
    scene.history.move_back(100h);
    CHECK(asks(scene));
    scene.history.learn(promoted_entry(RemedyKind::rolling_restart), now);
    CHECK(asks(scene));
    scene.history.learn(promoted_entry(RemedyKind::rollback), now);
    CHECK(scene.is_permitted());
    CHECK(scene.history.demotions().all.empty());
}

TEST_CASE("where demoting is not wanted, what was demoted before acts as well") {
    Scene scene = demoted_scene(rollback, RemedyKind::rollback);
    scene.limits.demotes = false;
    CHECK(scene.is_permitted());
    CHECK(autonomy_now(RemedyKind::rollback, scene.history, scene.limits) == Autonomy::act);
}

TEST_CASE("what has ended is started by its reflex, whatever a judged restart was worth") {
    Scene scene = reflex_scene();
    scene.limits.demotes = true;
    scene.history.learn(demoted_entry(RemedyKind::restart), now - 1h);
    CHECK(scene.is_permitted());
    CHECK(scene.ask(start_0));
}

TEST_CASE("a reflex that ejects asks once ejecting is demoted") {
    Scene scene = eject_scene();
    scene.limits.demotes = true;
    REQUIRE(scene.is_permitted());
    scene.history.learn(demoted_entry(RemedyKind::eject), now - 1h);
    CHECK(asks(scene));
}

TEST_CASE("what has begun is carried through, and taken back, whatever is demoted meanwhile") {
    Scene scene = scene_of(rollback);
    scene.limits.demotes = true;
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    scene.facts.versions.deploy.current = v1;
    scene.history.learn(demoted_entry(RemedyKind::rollback), now);
    CHECK(scene.ask(drain_0));
    scene.asked.remedy = rollback_undo;
    scene.asked.is_undo = true;
    CHECK(scene.verdict().rule != approval_rule);
}

TEST_CASE("every step of an approved remedy of a demoted kind names who agreed") {
    Scene scene = demoted_scene(rollback, RemedyKind::rollback);
    scene.history.learn(approval_of(scene), now - 1s);
    learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
    scene.facts.versions.deploy.current = v1;
    CHECK(scene.ask(drain_0));
    CHECK(approver_of(scene.asked, scene.history, scene.limits) == "alice");
}

TEST_CASE("a reroute asks as well where emptying caches is demoted") {
    Scene scene = demoted_scene(reroute_quotes, RemedyKind::invalidate_cache);
    CHECK(asks(scene));
    CHECK(scene.verdict().because ==
          "invalidate_cache is demoted to ask, as it did not help in i-7");
    CHECK(autonomy_now(RemedyKind::reroute, scene.history, scene.limits) == Autonomy::ask);
    Scene other = demoted_scene(invalidate_quotes, RemedyKind::reroute);
    CHECK(other.is_permitted());
}

TEST_CASE("a task that is demoted asks, and no other task does") {
    const auto demote = [](const Remedy& remedy) {
        return Entry{.kind = EntryKind::demoted,
                     .incident = IncidentId("i-7"),
                     .body = to_json(demotion_for(remedy, IncidentId("i-7"), "it did not"))};
    };
    Scene scene = scene_of(run_purge);
    scene.limits.demotes = true;
    scene.history.learn(demote(run_rebuild), now - 1h);
    CHECK(scene.is_permitted());
    CHECK(autonomy_now(run_purge, scene.history, scene.limits) == Autonomy::act);
    scene.history.learn(demote(run_purge), now - 1h);
    REQUIRE(asks(scene));
    CHECK(scene.verdict().because == "run_task purge is demoted to ask, as it did not help in i-7");
    CHECK(autonomy_now(run_purge, scene.history, scene.limits) == Autonomy::ask);
    CHECK(autonomy_now(RemedyKind::run_task, scene.history, scene.limits) == Autonomy::ask);

    PromotedBody lifted{RemedyKind::run_task, "alice", "seen", rebuild.task};
    scene.history.learn({EntryKind::promoted, {}, to_json(lifted)}, now);
    CHECK(asks(scene));
    lifted.task = purge.task;
    scene.history.learn({EntryKind::promoted, {}, to_json(lifted)}, now);
    CHECK(scene.is_permitted());
    CHECK(scene.history.demotions().all.empty());
}

TEST_CASE(
    "a demotion of all tasks, as records of before have it, holds for each until it is lifted") {
    for (const Remedy& task : {run_purge, run_rebuild}) {
        Scene scene = demoted_scene(task, RemedyKind::run_task);
        CHECK(asks(scene));
        // A word about one task lifts what that one has earned, and no more.
        const PromotedBody of_one{RemedyKind::run_task, "alice", "", purge.task};
        scene.history.learn({EntryKind::promoted, {}, to_json(of_one)}, now);
        CHECK(asks(scene));
        CHECK(scene.history.demotions().find(RemedyKind::run_task, purge.task) == nullptr);
        scene.history.learn(promoted_entry(RemedyKind::run_task), now);
        CHECK(scene.history.demotions().all.empty());
    }
}

// --- what helps each time, and comes back
// ---------------------------------------------------------

namespace {

const Relapse errors_of_0{"payments-0", SymptomKind::errors};

Entry relapse_entry(const Relapse& relapse, RemedyKind kind = RemedyKind::restart) {
    const Demotion body{.remedy = kind,
                        .incident = IncidentId("i-7"),
                        .because =
                            "it was proven to help 3 times within 1440 s, and lasted 420 s, "
                            "540 s",
                        .relapse = relapse};
    return {.kind = EntryKind::demoted, .incident = IncidentId("i-7"), .body = to_json(body)};
}

Scene relapsed_scene(const Relapse& relapse) {
    Scene scene = scene_of(restart_0);
    scene.limits.demotes = true;
    scene.history.learn({.kind = EntryKind::opened, .incident = incident, .body = {}}, now - 1min);
    scene.history.learn(relapse_entry(relapse), now - 1h);
    return scene;
}

}  // namespace

TEST_CASE("what helped too often asks, and says how often that was and how long it lasted") {
    Scene scene = relapsed_scene(errors_of_0);
    REQUIRE(asks(scene));
    CHECK(scene.verdict().because ==
          "restart of payments-0 against errors is demoted to ask, as it was proven to help 3 "
          "times within 1440 s, and lasted 420 s, 540 s, the last time in i-7");
    scene.history.move_back(100h);
    CHECK(asks(scene));
    scene.history.learn(approval_of(scene), now - 1s);
    CHECK(scene.is_permitted());
    scene.history.learn(promoted_entry(RemedyKind::restart), now);
    CHECK(scene.history.demotions().all.empty());
}

TEST_CASE("what comes back is asked about where it comes back, and nowhere else") {
    CHECK(relapsed_scene({"payments-1", SymptomKind::errors}).is_permitted());
    CHECK(relapsed_scene({"payments-0", SymptomKind::latency}).is_permitted());
    Scene scene = relapsed_scene(errors_of_0);
    CHECK(autonomy_now(RemedyKind::restart, scene.history, scene.limits) == Autonomy::act);
    scene.asked.remedy = rollback;
    CHECK(scene.is_permitted());
    Scene off = relapsed_scene(errors_of_0);
    off.limits.demotes = false;
    CHECK(off.is_permitted());
}

TEST_CASE("what has ended is started by its reflex, however often that has helped") {
    Scene scene = reflex_scene();
    scene.limits.demotes = true;
    scene.history.learn(relapse_entry({"payments-0", SymptomKind::instance_down}), now - 1h);
    CHECK(scene.is_permitted());
    CHECK(scene.ask(start_0));
}

TEST_CASE("a reroute asks about a cache that was emptied too often for the same") {
    Scene scene = scene_of(reroute_quotes);
    scene.limits.demotes = true;
    REQUIRE(scene.is_permitted());
    const Relapse stale{quotes.text(), scene.asked.symptom.kind};
    scene.history.learn(relapse_entry(stale, RemedyKind::invalidate_cache), now - 1h);
    CHECK(asks(scene));
}

TEST_CASE("what comes back at more targets than can be told apart is a matter of its whole kind") {
    Demotions demotions;
    for (std::size_t count = 0; count < Demotions::relapses_max; ++count) {
        demotions.learn(relapse_entry({"payments-" + std::to_string(count), SymptomKind::errors}));
        demotions.learn(relapse_entry({"payments-" + std::to_string(count), SymptomKind::errors}));
    }
    CHECK(demotions.all.size() == Demotions::relapses_max);
    CHECK(demotions.against(RemedyKind::restart) == nullptr);
    CHECK(demotions.against(RemedyKind::restart, nullptr, &errors_of_0) != nullptr);
    for (const char* target : {"payments-x", "payments-y"}) {
        demotions.learn(relapse_entry({target, SymptomKind::errors}));
    }
    CHECK(demotions.all.size() == Demotions::relapses_max + 1);
    const Demotion* whole = demotions.against(RemedyKind::restart);
    REQUIRE(whole != nullptr);
    CHECK_FALSE(whole->relapse);
    CHECK(demotions.against(RemedyKind::eject) == nullptr);
}

TEST_CASE("a relapse outlives the records that it was told in") {
    Scene scene = scene_of(restart_0);
    scene.limits.demotes = true;
    scene.history.learn(dropped_entry({relapse_entry(errors_of_0)}), now - 1h);
    CHECK(asks(scene));
}

TEST_CASE("the first of several demotions of a kind is kept, in the order of the kinds") {
    Demotions demotions;
    for (const Entry& entry :
         {demoted_entry(RemedyKind::rollback, "i-3"), demoted_entry(RemedyKind::eject, "i-4"),
          demoted_entry(RemedyKind::rollback, "i-5")}) {
        demotions.learn(entry);
    }
    REQUIRE(demotions.all.size() == 2);
    CHECK(demotions.all[0].remedy == RemedyKind::eject);
    CHECK(demotions.all[1].incident == IncidentId("i-3"));
    CHECK(demotions.find(RemedyKind::restart) == nullptr);
}

TEST_CASE("a demotion outlives the records that it was made in") {
    const std::vector<Entry> dropped{demoted_entry(RemedyKind::rollback),
                                     demoted_entry(RemedyKind::eject),
                                     promoted_entry(RemedyKind::eject)};
    Scene scene = scene_of(rollback);
    scene.limits.demotes = true;
    scene.history.learn(dropped_entry(dropped), now - 1h);
    CHECK(asks(scene));
    CHECK(scene.history.demotions().find(RemedyKind::eject) == nullptr);

    // And a second dropping of what the first one stood in.
    History later;
    later.learn(dropped_entry({dropped_entry(dropped), promoted_entry(RemedyKind::restart)}), now);
    CHECK(later.demotions() == scene.history.demotions());
}

TEST_CASE("an entry that cannot be read demotes nothing") {
    Demotions demotions;
    demotions.learn({.kind = EntryKind::demoted, .incident = {}, .body = json::object{}});
    demotions.learn({.kind = EntryKind::promoted, .incident = {}, .body = nullptr});
    demotions.learn({.kind = EntryKind::dropped, .incident = {}, .body = json::object{}});
    CHECK(demotions.all.empty());
}

}  // namespace homeostat::guard
