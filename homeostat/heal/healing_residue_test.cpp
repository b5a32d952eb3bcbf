// Whatever ends a remedy half-way: what it took out of rotation comes back, or an incident goes on
// holding it until it can. And what somebody else takes back is left to him.

#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/heal/healing_graph.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/replay.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

const InstanceId first_one("payments-0");

Proposal rolling_restart_of(const SimulatedWorld& world) {
    return proposal_for_test(errors_for_test(world.now), rolling_restart_for_test());
}

/// Users get errors, and no restart helps.
SimulatedWorld all_bad() {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    return world;
}

bool is_any_drained(const SimulatedWorld& world) {
    return std::ranges::any_of(world.instances, &SimulatedInstance::is_drained);
}

std::ptrdiff_t lines_count(const SimulatedExecutor& executor, std::string_view begin) {
    return std::ranges::count_if(executor.story(),
                                 [&](const std::string& line) { return line.starts_with(begin); });
}

/// Calls `happening` once, after the outcome of this effect was written.
void after(SimulatedExecutor& executor, const EffectId& effect, std::function<void()> happening) {
    executor.on_commit = [effect, happening = std::move(happening), is_over = false](
                             const HealingThread&, const std::vector<Entry>& records) mutable {
        for (const Entry& entry : records) {
            const bool is_it = entry.kind == EntryKind::outcome &&
                               body_for_test<OutcomeBody>(entry).effect == effect;
            if (is_it && !is_over) {
                is_over = true;
                happening();
            }
        }
    };
}

/// Lets time pass, though something is tried again for ever.
void pass_wakes(SimulatedExecutor& executor) {
    for (int wakes = 0; wakes < 200 && executor.wake(); ++wakes) {
    }
}

void check_replay(const SimulatedExecutor& executor) {
    const Result<IncidentReplay> replay = heal::replay(executor.ledger, IncidentId("i-1"));
    REQUIRE(replay);
    for (const Redecision& one : replay->decisions) {
        CAPTURE(one.decision);
        CAPTURE(one.recorded);
        CAPTURE(one.replayed);
        CHECK((one.replay == Replay::same || one.decision.starts_with("choice")));
    }
}

}  // namespace

TEST_CASE("a rolling restart that its budget stops half-way leaves nobody drained") {
    SimulatedWorld world = all_bad();
    SimulatedExecutor executor(world);
    after(executor, EffectId("i-1.e1"), [&] { executor.around.guard.effects_max = 1; });
    executor.open(rolling_restart_of(world));
    executor.settle();
    CHECK(executor.story() ==
          std::vector<std::string>{
              "opened: rolling_restart payments",
              "permit",
              "intent i-1.e1 drain payments-0",
              "outcome i-1.e1 done",
              "refusal: the budget holds the effects",
              std::string("escalated: the budget holds the effects: 1 of 1 effects are ") +
                  "spent in the last 600 s and 2 are needed",
              "held: eject payments-0",
              "given back: the remedy that took it away was given up",
              "intent i-1.e2 undrain payments-0",
              "outcome i-1.e2 done",
              "not_helped",
          });
    CHECK_FALSE(is_any_drained(world));
    CHECK(executor.node() == "stand_by");
    CHECK(executor.notices.size() == 1);
    executor.tell(Cleared{});
    CHECK(executor.story().back() == "closed passed");
}

TEST_CASE("what a remedy for all has left drained is put back, whomever the symptom is about") {
    SimulatedWorld world = all_bad();
    SimulatedExecutor executor(world);
    after(executor, EffectId("i-1.e2"), [&] { world.refusals_left["replace"] = 9; });
    const Symptom of_another =
        about_instance_for_test(SymptomKind::instance_not_answering, "payments-1", world.now);
    world.instance(InstanceId("payments-1")).is_stalled = true;
    executor.open(proposal_for_test(of_another, rolling_restart_for_test()));
    executor.settle();
    CHECK(lines_count(executor, "given back: ") == 1);
    CHECK_FALSE(is_any_drained(world));
    check_replay(executor);
}

TEST_CASE("what was decided about something left drained is decided again in the same way") {
    SimulatedWorld world = all_bad();
    SimulatedExecutor executor(world);
    after(executor, EffectId("i-1.e1"), [&] { world.refusals_left["replace"] = 9; });
    executor.open(rolling_restart_of(world));
    executor.settle();
    CHECK(lines_count(executor, "given back: ") == 1);
    CHECK_FALSE(is_any_drained(world));
    check_replay(executor);
}

TEST_CASE("an instance that cannot be put back is held by its incident until it can be") {
    SimulatedWorld world = all_bad();
    SimulatedExecutor executor(world);
    after(executor, EffectId("i-1.e1"), [&] {
        executor.around.guard.effects_max = 1;
        world.refusals_left["undrain"] = 5;
    });
    executor.open(rolling_restart_of(world));
    REQUIRE(executor.settle_at("hold"));
    executor.tell(Cleared{});
    CHECK(executor.node() == "hold");
    CHECK(executor.notices.size() == 2);  // What stopped the remedy, and what is left of it.
    executor.settle();
    CHECK_FALSE(is_any_drained(world));
    CHECK(executor.node() == "stand_by");
    CHECK(executor.notices.size() == 2);
}

TEST_CASE("an instance that was left drained and is no more is held no longer") {
    SimulatedWorld world = all_bad();
    SimulatedExecutor executor(world);
    after(executor, EffectId("i-1.e1"), [&] {
        executor.around.guard.effects_max = 1;
        world.refusals_left["undrain"] = 1'000;
    });
    executor.open(rolling_restart_of(world));
    REQUIRE(executor.settle_at("hold"));
    std::erase_if(world.instances, [](const SimulatedInstance& one) { return one.is_drained; });
    executor.settle();
    CHECK(executor.node() == "stand_by");
    CHECK(executor.broken.empty());
    executor.tell(Cleared{});
    CHECK(executor.story().back() == "closed passed");
}

TEST_CASE("nobody stays drained whenever the process dies on the way, and nothing happens twice") {
    for (int points = 1; points < 60; ++points) {
        CAPTURE(points);
        SimulatedWorld world = all_bad();
        SimulatedExecutor executor(world);
        after(executor, EffectId("i-1.e1"), [&] { executor.around.guard.effects_max = 1; });
        executor.points_left = points;
        executor.open(rolling_restart_of(world));
        executor.settle();
        if (executor.is_dead()) {
            executor.points_left = 1'000'000;
            executor.restart();
            executor.settle();
        }
        CHECK_FALSE(is_any_drained(world));
        CHECK(executor.broken.empty());
    }
}

TEST_CASE("a cure of something ejected that stops half-way elsewhere is put back before the rest") {
    SimulatedWorld world;
    const InstanceId slow_one("payments-2");
    world.instance(slow_one).is_slow = true;
    world.versions_bad = {VersionId("v2")};
    SimulatedExecutor executor(world);
    executor.around.guard.min_healthy = 1;
    const Symptom slow = about_instance_for_test(SymptomKind::latency, slow_one.text(), world.now);
    executor.proofs_next = {ProofKind::helped};
    executor.cure = proposal_for_test(errors_for_test(world.now), rollback_for_test());
    // e2 to e4 put payments-2 right, e5 drains payments-0.
    after(executor, EffectId("i-1.e5"), [&] { executor.around.guard.effects_max = 1; });
    executor.open(proposal_for_test(slow, eject_for_test(slow_one.text())));
    executor.settle();
    CHECK(lines_count(executor, "held: eject payments-2") == 1);
    CHECK(lines_count(executor, "held: eject payments-0") == 1);
    CHECK(lines_count(executor, "given back: the remedy that took it away was given up") == 1);
    CHECK(lines_count(executor, "given back: ") == 2);
    CHECK_FALSE(is_any_drained(world));
    CHECK(executor.broken.empty());
}

TEST_CASE("what cannot be put back keeps nothing that is held from being given back") {
    SimulatedWorld world;
    const InstanceId slow_one("payments-2");
    world.instance(slow_one).is_slow = true;
    world.versions_bad = {VersionId("v2")};
    SimulatedExecutor executor(world);
    executor.around.guard.min_healthy = 1;
    const Symptom slow = about_instance_for_test(SymptomKind::latency, slow_one.text(), world.now);
    executor.proofs_next = {ProofKind::helped};
    executor.cure = proposal_for_test(errors_for_test(world.now), rollback_for_test());
    after(executor, EffectId("i-1.e5"), [&] {
        executor.around.guard.effects_max = 1;
        world.kept_out = {first_one};
    });
    executor.open(proposal_for_test(slow, eject_for_test(slow_one.text())));
    pass_wakes(executor);
    CHECK(lines_count(executor, "held: eject payments-0") == 1);
    CHECK(lines_count(executor, "given back: payments-2 ") == 1);
    CHECK(world.instance(first_one).is_drained);
    CHECK_FALSE(executor.has_ended());
    world.kept_out.clear();
    executor.settle();
    CHECK_FALSE(is_any_drained(world));
    CHECK(executor.broken.empty());
}

TEST_CASE("one that cannot be put back keeps no other from being put back") {
    SimulatedWorld world = all_bad();
    SimulatedExecutor executor(world);
    after(executor, EffectId("i-1.e1"), [&] {
        executor.around.guard.effects_max = 1;
        world.kept_out = {first_one};
    });
    executor.open(rolling_restart_of(world));
    REQUIRE(executor.settle_at("hold"));
    // A drain of the same incident, of which nothing was seen so far, comes late.
    const InstanceId late_one("payments-1");
    IntentBody intent;
    intent.effect = EffectId("i-1.e9000");
    intent.remedy = rolling_restart_for_test();
    intent.step = Drain{late_one};
    executor.write(record::intent(IncidentId("i-1"), intent));
    executor.write(record::outcome(IncidentId("i-1"), {intent.effect, {OutcomeKind::done, {}}}));
    world.instance(late_one).is_drained = true;
    pass_wakes(executor);
    CHECK(world.instance(first_one).is_drained);
    CHECK_FALSE(world.instance(late_one).is_drained);
    REQUIRE(executor.settle_at("hold"));
    CHECK(executor.incident().held_beside.empty());
    world.kept_out.clear();
    executor.settle();
    CHECK_FALSE(is_any_drained(world));
    CHECK(executor.node() == "stand_by");
    CHECK(executor.broken.empty());
}

TEST_CASE("a swap that somebody took back twice is not done a third time, and a person is told") {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    SimulatedExecutor executor(world);
    // Whoever declares v2 wants it back at once.
    executor.on_command = [&](const std::string& line) {
        if (line.starts_with("perform ") && world.version_current == VersionId("v1")) {
            world.version_current = VersionId("v2");
        }
    };
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    executor.settle();
    CHECK(executor.node() == "stand_by");
    CHECK(lines_count(executor, "intent ") == 2);
    REQUIRE(executor.notices.size() == 1);
    CHECK(executor.notices.front().contains("somebody else changes the deploy version"));
    check_replay(executor);

    // Neither does a successor that knows the ledger and nothing else.
    executor.restart();
    CHECK(executor.history().lasting().taken_back_count("the deploy version", world.facts(),
                                                        world.now - 10min) == 2);
}

}  // namespace homeostat::heal
