// The healing graph against a simulated world: every way through it, told by what the ledger holds
// and by what the world looks like afterwards.

#include "homeostat/heal/healing_graph.hpp"

#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

using Story = std::vector<std::string>;

/// v2 is current and answers errors, v1 has proven itself.
SimulatedWorld bad_deploy() {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    return world;
}

Proposal rollback_of(const SimulatedWorld& world) {
    return proposal_for_test(errors_for_test(world.now), rollback_for_test());
}

Proposal restart_of(const SimulatedWorld& world, SymptomKind kind, const std::string& instance) {
    return proposal_for_test(about_instance_for_test(kind, instance, world.now),
                             restart_for_test(instance));
}

bool all_run(const SimulatedWorld& world, const std::string& version) {
    return world.serving_count() == world.instances.size() &&
           std::ranges::all_of(world.instances, [&](const SimulatedInstance& one) {
               return one.runtime.version.text() == version;
           });
}

bool has_line(const SimulatedExecutor& executor, const std::string& line) {
    const Story story = executor.story();
    return std::ranges::find(story, line) != story.end();
}

std::size_t effects_count(const SimulatedWorld& world) {
    return world.changes_count.size();
}

}  // namespace

// --- every remedy, end to end --------------------------------------------------------------------

TEST_CASE("a rollback swaps the version, then replaces every instance, one after another") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    executor.open(rollback_of(world));
    executor.settle();
    CHECK(executor.story() == Story{
                                  "opened: rollback payments from v2 to v1",
                                  "permit",
                                  "intent i-1.e1 swap_version of payments from v2 to v1",
                                  "outcome i-1.e1 done",
                                  "intent i-1.e2 drain payments-0",
                                  "outcome i-1.e2 done",
                                  "intent i-1.e3 replace payments-0 by v1",
                                  "outcome i-1.e3 done",
                                  "intent i-1.e4 undrain payments-0",
                                  "outcome i-1.e4 done",
                                  "intent i-1.e5 drain payments-1",
                                  "outcome i-1.e5 done",
                                  "intent i-1.e6 replace payments-1 by v1",
                                  "outcome i-1.e6 done",
                                  "intent i-1.e7 undrain payments-1",
                                  "outcome i-1.e7 done",
                                  "intent i-1.e8 drain payments-2",
                                  "outcome i-1.e8 done",
                                  "intent i-1.e9 replace payments-2 by v1",
                                  "outcome i-1.e9 done",
                                  "intent i-1.e10 undrain payments-2",
                                  "outcome i-1.e10 done",
                                  "helped",
                                  "closed healed",
                              });
    CHECK(all_run(world, "v1"));
    CHECK(world.serving_min == 2);
    CHECK(executor.broken.empty());
}

TEST_CASE("a rolling restart replaces the stalled instance first and never goes below the floor") {
    SimulatedWorld world;
    world.instance(InstanceId("payments-1")).is_stalled = true;
    SimulatedExecutor executor(world);
    Symptom latency = errors_for_test(world.now);
    latency.kind = SymptomKind::latency;
    latency.limit = 250;
    executor.open(proposal_for_test(latency, rolling_restart_for_test()));
    executor.settle();
    CHECK(executor.story().at(2) == "intent i-1.e1 replace payments-1 by v2");
    CHECK(executor.story().back() == "closed healed");
    CHECK(all_run(world, "v2"));
    CHECK(world.serving_min == 2);
    CHECK(effects_count(world) == 7);  // The stalled one needs no drain and no undrain.
    CHECK(executor.broken.empty());
}

TEST_CASE("an instance that was started again and is not well is no case for the reflex any more") {
    SimulatedWorld world;
    world.end_process(InstanceId("payments-1"));
    SimulatedExecutor executor(world);
    executor.proofs_next = {ProofKind::not_helped};
    executor.open(restart_of(world, SymptomKind::instance_down, "payments-1"));
    executor.settle();
    CHECK(executor.node() == "stand_by");
    CHECK(has_line(executor, "escalated: the remedy did not help, and there is no other"));
    CHECK(effects_count(world) == 1);
}

TEST_CASE("a crashed instance is started again by one effect") {
    SimulatedWorld world;
    world.end_process(InstanceId("payments-1"));
    SimulatedExecutor executor(world);
    executor.open(restart_of(world, SymptomKind::instance_down, "payments-1"));
    executor.settle();
    CHECK(executor.story() == Story{
                                  "opened: restart payments-1",
                                  "permit",
                                  "intent i-1.e1 replace payments-1 by v2 (dead)",
                                  "outcome i-1.e1 done",
                                  "helped",
                                  "closed healed",
                              });
    CHECK(all_run(world, "v2"));
}

TEST_CASE("an instance that runs and does not answer is replaced, and no other is touched") {
    SimulatedWorld world;
    world.instance(InstanceId("payments-2")).is_stalled = true;
    const SimulatedWorld before = world;
    SimulatedExecutor executor(world);
    executor.open(restart_of(world, SymptomKind::instance_not_answering, "payments-2"));
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
    CHECK(effects_count(world) == 1);
    for (const std::size_t other : {0U, 1U}) {
        CHECK(world.instances[other].runtime == before.instances[other].runtime);
    }
}

TEST_CASE("to observe is no effect: a person is told, and nothing happens") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    executor.open(proposal_for_test(errors_for_test(world.now), Observe{}));
    executor.settle();
    CHECK(executor.node() == "stand_by");
    CHECK(executor.notices.size() == 1);
    CHECK(effects_count(world) == 0);
}

// --- what guard says -----------------------------------------------------------------------------

TEST_CASE("a remedy that may not act has no effect, and below inform nobody is told of it") {
    for (const Autonomy level : {Autonomy::watch, Autonomy::inform, Autonomy::recommend}) {
        CAPTURE(to_text(level));
        SimulatedWorld world = bad_deploy();
        SimulatedExecutor executor(world);
        executor.around.guard.autonomy[RemedyKind::rollback] = level;
        executor.open(rollback_of(world));
        executor.settle();
        CHECK(executor.node() == "stand_by");
        CHECK(effects_count(world) == 0);
        CHECK(executor.notices.empty() == (level == Autonomy::watch));
        CHECK(executor.story().at(1) == "refusal: the autonomy of the remedy is ask or act");
    }
}

TEST_CASE("a refusal that no time will change is told to a person") {
    SimulatedWorld world = bad_deploy();
    world.versions_good.clear();
    SimulatedExecutor executor(world);
    executor.open(rollback_of(world));
    executor.settle();
    CHECK(executor.node() == "stand_by");
    REQUIRE(executor.notices.size() == 1);
    CHECK(executor.notices.front().starts_with("i-1: refused (the catalogue holds this remedy"));
}

TEST_CASE("a question is put once, and silence is no") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    executor.open(rollback_of(world));
    CHECK(executor.node() == "ask");
    CHECK(executor.notices == Story{"i-1: may I rollback payments from v2 to v1?"});
    executor.settle();
    CHECK(executor.node() == "stand_by");
    CHECK(executor.notices.back() == "i-1: nobody answered the question: silence is no");
    CHECK(executor.notices.size() == 2);
    CHECK(effects_count(world) == 0);
}

TEST_CASE("a symptom that the executor does not see itself is never acted upon") {
    SimulatedWorld world;  // Nothing is wrong.
    SimulatedExecutor executor(world);
    executor.open(rollback_of(world));
    CHECK(executor.node() == "guard");
    executor.settle();
    CHECK(executor.node() == "stand_by");
    CHECK(has_line(executor, "refusal: the executor sees the symptom itself"));
    CHECK(effects_count(world) == 0);
}

TEST_CASE("a wait for the same rule is written once, however often it is asked again") {
    SimulatedWorld world = bad_deploy();
    world.is_suspended = true;
    SimulatedExecutor executor(world);
    executor.open(rollback_of(world));
    for (int look = 0; look < 10; ++look) {
        CHECK(executor.wake());
    }
    CHECK(executor.story() == Story{
                                  "opened: rollback payments from v2 to v1",
                                  "refusal: the kill switch is released",
                              });
}

// --- cleared -------------------------------------------------------------------------------------

TEST_CASE("a symptom that is gone closes the incident at every node that waits for it") {
    struct Waiting {
        std::string node;
        std::function<void(SimulatedWorld&, SimulatedExecutor&)> arrange;
    };
    const std::vector<Waiting> cases{
        {"guard", [](SimulatedWorld& world, SimulatedExecutor&) { world.is_suspended = true; }},
        {"ask",
         [](SimulatedWorld&, SimulatedExecutor& executor) {
             executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
         }},
        {"stand_by", [](SimulatedWorld&,
                        SimulatedExecutor& executor) { executor.around.guard.autonomy.clear(); }},
    };
    for (const Waiting& waiting : cases) {
        CAPTURE(waiting.node);
        SimulatedWorld world = bad_deploy();
        SimulatedExecutor executor(world);
        waiting.arrange(world, executor);
        executor.open(rollback_of(world));
        REQUIRE(executor.node() == waiting.node);
        executor.tell(Cleared{});
        CHECK(executor.has_ended());
        CHECK(executor.story().back() == "closed passed");
        CHECK(effects_count(world) == 0);
    }
}

TEST_CASE("a symptom that is gone while a remedy is carried out does not stop it half-way") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    executor.open(rollback_of(world));
    REQUIRE(executor.node() == "act");
    REQUIRE(executor.wake_at());
    executor.tell(Cleared{});
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
    CHECK(all_run(world, "v1"));
}

TEST_CASE("a symptom that goes before the first effect closes the incident without one") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    executor.points_left = 7;  // The permit is written; the first step is not yet asked for.
    executor.open(rollback_of(world));
    world.is_suspended = true;
    executor.points_left = 1'000;
    executor.restart();
    REQUIRE(executor.node() == "act");
    executor.tell(Cleared{});
    CHECK(executor.story().back() == "closed passed");
    CHECK(effects_count(world) == 0);
}

// --- verify, undo, rejudge -----------------------------------------------------------------------

TEST_CASE(
    "a rollback that did not help is undone once, then a lower class is tried, then a person") {
    SimulatedWorld world;
    world.is_dependency_failing = true;
    SimulatedExecutor executor(world);
    executor.open(rollback_of(world));
    REQUIRE(executor.settle_at("rejudge"));
    CHECK(all_run(world, "v2"));
    CHECK(has_line(executor, "not_helped"));
    CHECK(has_line(executor, "undo: rollback payments from v1 to v2"));

    executor.tell(
        Proposed{proposal_for_test(errors_for_test(world.now), rolling_restart_for_test())});
    executor.settle();
    CHECK(executor.node() == "stand_by");
    CHECK(executor.story().back() == "escalated: two remedies did not help");
    const Story story = executor.story();
    CHECK(std::ranges::count(story, "not_helped") == 2);
    CHECK(std::ranges::count(story, "undo: rollback payments from v1 to v2") == 1);
    CHECK(all_run(world, "v2"));
    CHECK(world.serving_min == 2);
    CHECK(executor.broken.empty());
}

TEST_CASE("a second remedy of the same or a higher class is never begun") {
    for (const Remedy& second : {rollback_for_test(), rolling_restart_for_test()}) {
        CAPTURE(describe(second));
        SimulatedWorld world;
        world.is_dependency_failing = true;
        SimulatedExecutor executor(world);
        executor.open(proposal_for_test(errors_for_test(world.now), rolling_restart_for_test()));
        REQUIRE(executor.settle_at("rejudge"));
        const std::size_t before = effects_count(world);
        executor.tell(Proposed{proposal_for_test(errors_for_test(world.now), second)});
        CHECK(executor.story().back() == "escalated: the second remedy is not of a lower class");
        CHECK(effects_count(world) == before);
    }
}

TEST_CASE("a remedy that did not help and that nobody has a second opinion on goes to a person") {
    SimulatedWorld world;
    world.is_dependency_failing = true;
    SimulatedExecutor executor(world);
    executor.open(proposal_for_test(errors_for_test(world.now), rolling_restart_for_test()));
    REQUIRE(executor.settle_at("rejudge"));
    executor.settle();
    CHECK(executor.story().back() == "escalated: the remedy did not help, and there is no other");
}

TEST_CASE("a symptom that goes while the agent thinks again closes the incident") {
    SimulatedWorld world;
    world.is_dependency_failing = true;
    SimulatedExecutor executor(world);
    executor.around.rejudge_for_max = 1h;
    executor.open(proposal_for_test(errors_for_test(world.now), rolling_restart_for_test()));
    REQUIRE(executor.settle_at("rejudge"));
    executor.tell(Cleared{});
    CHECK(executor.story().back() == "closed passed");
}

// --- the world gets in the way -------------------------------------------------------------------

TEST_CASE("the kill switch stops a remedy before its next effect, and it goes on once released") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    executor.open(rollback_of(world));
    REQUIRE(executor.node() == "act");
    const std::size_t before = effects_count(world);
    world.is_suspended = true;
    for (int look = 0; look < 20; ++look) {
        CHECK(executor.wake());
    }
    CHECK(effects_count(world) == before);
    world.is_suspended = false;
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
    CHECK(all_run(world, "v1"));
}

TEST_CASE("a remedy that stays suspended goes to a person, with no further effect") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    executor.open(rollback_of(world));
    const std::size_t before = effects_count(world);
    world.is_suspended = true;
    REQUIRE(executor.settle_at("hold"));  // Of what is out of rotation.
    CHECK(has_line(executor, "escalated: still refused (the kill switch is released)"));
    CHECK(effects_count(world) == before);
}

TEST_CASE("a part of the world that does not answer is read again before anything is done") {
    for (bool SimulatedWorld::* const part :
         {&SimulatedWorld::is_edge_readable, &SimulatedWorld::is_runtime_readable}) {
        SimulatedWorld world = bad_deploy();
        world.*part = false;
        SimulatedExecutor executor(world);
        executor.open(rollback_of(world));
        CHECK(executor.node() == "guard");
        CHECK(executor.wake());
        world.*part = true;
        CHECK(executor.wake());
        REQUIRE(executor.node() == "act");
        const std::size_t before = effects_count(world);
        world.*part = false;
        for (int look = 0; look < 8; ++look) {
            CHECK(executor.wake());
        }
        CHECK(effects_count(world) == before);
        world.*part = true;
        executor.settle();
        CHECK(all_run(world, "v1"));
    }
}

TEST_CASE("a remedy that takes too long is given up and a person is told") {
    SimulatedWorld world = bad_deploy();
    world.start_for = 1h;  // What is started does not come to answer.
    SimulatedExecutor executor(world);
    executor.around.plan_for_max = 20s;
    executor.open(rollback_of(world));
    executor.settle();
    CHECK(executor.node() == "stand_by");
    CHECK(has_line(executor, "escalated: the remedy took too long and was given up"));
    CHECK(world.serving_count() == 2);  // One does not answer; the next was never touched.
}

TEST_CASE("an effect whose outcome is not known is looked up in the world before it is given up") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    executor.points_left = 12;
    executor.open(rollback_of(world));
    REQUIRE(executor.is_dead());
    REQUIRE(executor.story().back().starts_with("intent"));
    world.pass(1h);  // Nobody starts us again for a long time.
    executor.points_left = 1'000;
    executor.restart();
    executor.settle();
    CHECK(has_line(executor, "outcome i-1.e1 done (read back)"));
    CHECK(executor.story().back() == "escalated: the remedy took too long and was given up");
}

TEST_CASE(
    "a step that is refused again and again is given up after three tries, and costs no more") {
    SimulatedWorld world = bad_deploy();
    world.refusals_left["drain"] = 1'000;
    SimulatedExecutor executor(world);
    executor.open(rollback_of(world));
    executor.settle();
    CHECK(executor.node() == "stand_by");
    CHECK(executor.story().back() ==
          "escalated: cannot go on: drain payments-0 was tried 3 times and came to nothing");
    CHECK(executor.history().effects_since(Instant{}).size() == 4);  // The swap, and the tries.
    CHECK(world.serving_count() == 3);
}

TEST_CASE("a step that is refused for a moment is tried again and the remedy goes on") {
    SimulatedWorld world = bad_deploy();
    world.refusals_left = {{"swap_version", 1}, {"drain", 2}, {"undrain", 2}};
    SimulatedExecutor executor(world);
    executor.open(rollback_of(world));
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
    CHECK(all_run(world, "v1"));
}

TEST_CASE("a step that another incident holds up after a slow start waits for it") {
    SimulatedWorld world;
    world.is_dependency_failing = true;
    world.start_for = 25s;  // Longer than a refusal may last.
    SimulatedExecutor executor(world);
    executor.around.plan_for_max = 10min;
    executor.open(proposal_for_test(errors_for_test(world.now), rolling_restart_for_test()));
    world.is_dependency_failing = false;
    REQUIRE(has_line(executor, "outcome i-1.e2 done"));
    world.pass(24s);
    IntentBody other;
    other.effect = EffectId("i-2.e1");
    other.remedy = restart_for_test("payments-0");
    other.step = Undrain{InstanceId("payments-0")};
    executor.write(record::intent(IncidentId("i-2"), other));
    for (const Instant until = world.now + 10s; executor.wakes_by(until);) {
        executor.wake();
    }
    CHECK(has_line(executor, "refusal: one remedy is in hand at a time"));
    executor.write(record::closed(IncidentId("i-2"), CloseKind::healed, {}));
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
    CHECK(executor.notices.empty());
}

TEST_CASE("a permission that is lowered while a remedy is in hand stops it and calls a person") {
    for (const Autonomy level : {Autonomy::watch, Autonomy::ask}) {
        CAPTURE(to_text(level));
        SimulatedWorld world = bad_deploy();
        SimulatedExecutor executor(world);
        executor.open(rollback_of(world));
        REQUIRE(executor.node() == "act");
        const std::size_t before = effects_count(world);
        executor.around.guard.autonomy[RemedyKind::rollback] = level;
        executor.settle();
        CHECK(executor.node() == "stand_by");
        CHECK(executor.notices.size() == 1);
        CHECK(effects_count(world) == before + 1);  // What is out of rotation is put back.
        CHECK(world.serving_count() == 3);
    }
}

}  // namespace homeostat::heal
