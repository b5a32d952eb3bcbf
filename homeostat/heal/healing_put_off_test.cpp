// What guard refuses for a reason that passes by itself: a person is told once, the incident waits,
// and the agent judges anew, so many times and no more.

#include "homeostat/heal/healing_put_off.hpp"

#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

SimulatedWorld bad_deploy() {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    return world;
}

Proposal rollback_of(const SimulatedWorld& world) {
    return proposal_for_test(errors_for_test(world.now), rollback_for_test());
}

/// Another incident has rolled back just now: ours has to wait for two minutes.
void cool_down(SimulatedExecutor& executor) {
    IntentBody other;
    other.effect = EffectId("i-2.e1");
    other.remedy = rollback_for_test();
    other.step = Undrain{InstanceId("payments-0")};
    executor.write(record::intent(IncidentId("i-2"), other));
    executor.write(record::closed(IncidentId("i-2"), CloseKind::healed, {}));
}

/// Lets time pass until the agent is asked, and proposes. False: it never is.
bool judge_anew(SimulatedWorld& world, SimulatedExecutor& executor, const Remedy& remedy) {
    if (!executor.settle_at("rejudge")) {
        return false;
    }
    world.pass(200ms);  // The agent judges, and what fails meanwhile is counted.
    executor.tell(Proposed{proposal_for_test(errors_for_test(world.now), remedy)});
    return !executor.is_dead();
}

std::ptrdiff_t lines_count(const SimulatedExecutor& executor, std::string_view begin) {
    return std::ranges::count_if(executor.story(),
                                 [&](const std::string& line) { return line.starts_with(begin); });
}

}  // namespace

TEST_CASE("what a cool-down refuses is judged anew once that is over, and a person is told once") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    cool_down(executor);
    const Instant began_at = world.now;
    executor.open(rollback_of(world));
    REQUIRE(executor.node() == "stand_by");
    REQUIRE(executor.notices.size() == 1);
    CHECK(executor.notices.front().starts_with("i-1: refused (the target has cooled down): "));
    CHECK(executor.notices.front().ends_with("; judged again in 120 s"));
    REQUIRE(judge_anew(world, executor, rollback_for_test()));
    CHECK(world.now - began_at < 2min + 1s);
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
    CHECK(executor.notices.size() == 1);
}

TEST_CASE("what is judged anew may be another remedy than the one that was refused") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    cool_down(executor);
    executor.open(rollback_of(world));
    world.versions_bad.clear();
    world.is_dependency_failing = true;
    world.dependency_well_from_at = world.now + 10min;
    REQUIRE(judge_anew(world, executor, open_circuit_for_test()));
    CHECK(executor.node() == "hold");
    CHECK(lines_count(executor, "intent i-1.e1 ") == 1);
}

TEST_CASE("whatever passes by itself is waited for, and nothing else is") {
    struct Refused {
        std::string rule;
        bool passes;
        std::function<void(SimulatedWorld&, SimulatedExecutor&)> arrange;
    };
    const std::vector<Refused> cases{
        {"the target has cooled down", true,
         [](SimulatedWorld&, SimulatedExecutor& executor) { cool_down(executor); }},
        {"the budget holds the effects", true,
         [](SimulatedWorld&, SimulatedExecutor& executor) {
             cool_down(executor);
             executor.around.guard.cool_down = {};
             executor.around.guard.effects_max = 10;
         }},
        {"the facts are complete and fresh", true,
         [](SimulatedWorld& world, SimulatedExecutor&) { world.is_edge_readable = false; }},
        {"the executor sees the symptom itself", true,
         [](SimulatedWorld& world, SimulatedExecutor&) { world.versions_bad.clear(); }},
        {"where much looks dead, two kinds of observers agree, except on what is out already", true,
         [](SimulatedWorld& world, SimulatedExecutor&) {
             world.versions_bad.clear();
             for (SimulatedInstance& one : world.instances) {
                 one.is_stalled = true;
             }
         }},
        {"the budget holds the effects", false,
         [](SimulatedWorld&, SimulatedExecutor& executor) {
             executor.around.guard.effects_max = 1;
         }},
        {"the autonomy of the remedy is ask or act", false,
         [](SimulatedWorld&, SimulatedExecutor& executor) {
             executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::recommend;
         }},
        {"the catalogue holds this remedy for this target", false,
         [](SimulatedWorld& world, SimulatedExecutor&) { world.versions_good.clear(); }},
        {"the attempts are not used up", false,
         [](SimulatedWorld&, SimulatedExecutor& executor) {
             executor.around.guard.attempts_max = 0;
         }},
    };
    for (const Refused& one : cases) {
        CAPTURE(one.rule);
        SimulatedWorld world = bad_deploy();
        SimulatedExecutor executor(world);
        one.arrange(world, executor);
        executor.open(rollback_of(world));
        executor.settle();
        const bool is_refused = lines_count(executor, "refusal: " + one.rule) +
                                    lines_count(executor, "escalation: " + one.rule) >
                                0;
        CHECK(is_refused);
        CHECK(executor.node() == "stand_by");
        CHECK(executor.notices.size() == 1);
        CHECK(executor.wake_at().has_value() == one.passes);
    }
}

TEST_CASE("a person who only lets us watch is not waited for") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    executor.around.guard.autonomy.clear();
    world.is_edge_readable = false;
    executor.open(rollback_of(world));
    executor.settle();
    CHECK(executor.node() == "stand_by");
    CHECK_FALSE(executor.wake_at());
}

TEST_CASE("what is refused for ever is judged anew ever more rarely, and in the end no more") {
    SimulatedWorld world;  // Nothing is wrong, whatever the agent says.
    SimulatedExecutor executor(world);
    executor.open(rollback_of(world));
    executor.settle();
    std::uint32_t rounds = 0;
    Instant latest = world.now;
    while (judge_anew(world, executor, rollback_for_test())) {
        rounds += 1;
        REQUIRE(rounds <= node::judge_again_max);
        CHECK(world.now - latest >= node::judge_again_first);
        CHECK(executor.notices.size() == 1);
        latest = world.now;
        executor.settle();
    }
    CHECK(rounds == node::judge_again_max);
    CHECK(executor.node() == "stand_by");
    CHECK_FALSE(executor.wake_at());
    CHECK(executor.notices.size() == 2);  // At first, and once it is theirs alone.
    CHECK(world.changes_count.empty());
    executor.tell(Cleared{});
    CHECK(executor.story().back() == "closed passed");
}

TEST_CASE("an agent that says nothing is asked again as rarely, and as often at most") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    cool_down(executor);
    executor.open(rollback_of(world));
    std::uint32_t rounds = 0;
    while (executor.settle_at("rejudge")) {
        rounds += 1;
        REQUIRE(rounds <= node::judge_again_max);
        executor.settle_at("stand_by");
    }
    CHECK(rounds == node::judge_again_max);
    CHECK(executor.notices.size() == 2);
}

TEST_CASE("errors of before the wait say nothing of what is there after it") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    cool_down(executor);
    executor.open(rollback_of(world));
    world.versions_bad.clear();
    REQUIRE(judge_anew(world, executor, rollback_for_test()));
    executor.settle();
    CHECK(lines_count(executor, "refusal: the executor sees the symptom itself") == 1);
    CHECK(world.changes_count.empty());
}

TEST_CASE("the first step of a remedy may be refused for a while as well, and costs no attempt") {
    SimulatedWorld world;
    world.is_dependency_failing = true;
    SimulatedExecutor executor(world);
    executor.on_commit = [&](const HealingThread& thread, const std::vector<Entry>&) {
        const bool is_over = world.now > Instant{1h + 50s};
        executor.around.guard.min_healthy = node_of(thread) == "act" && !is_over ? 3 : 2;
    };
    executor.open(proposal_for_test(errors_for_test(world.now), rolling_restart_for_test()));
    executor.settle();
    REQUIRE(executor.is_put_off());
    CHECK(executor.incident().tried.empty());
    CHECK(executor.notices.size() == 1);
    world.is_dependency_failing = false;
    world.versions_bad = {VersionId("v2")};
    REQUIRE(judge_anew(world, executor, rollback_for_test()));
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
    CHECK(executor.notices.size() == 1);
}

TEST_CASE("a symptom that goes while its remedy is put off closes the incident") {
    for (const std::string_view node : {"stand_by", "rejudge"}) {
        SimulatedWorld world = bad_deploy();
        SimulatedExecutor executor(world);
        cool_down(executor);
        executor.open(rollback_of(world));
        REQUIRE(executor.settle_at(node));
        executor.tell(Cleared{});
        CHECK(executor.story().back() == "closed passed");
    }
}

TEST_CASE("while the world cannot be read nobody is asked, and no round is spent") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    cool_down(executor);
    executor.open(rollback_of(world));
    world.is_edge_readable = false;
    for (int looks = 0; looks < 100; ++looks) {
        const Instant before = world.now;
        REQUIRE(executor.wake());
        CHECK(world.now - before >= 2s);
        CHECK(executor.node() == "stand_by");
    }
    world.is_edge_readable = true;
    REQUIRE(judge_anew(world, executor, rollback_for_test()));
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
}

TEST_CASE("a process that dies at any point of the wait is waited on for, and acts once") {
    for (int point = 1; point < 60; ++point) {
        CAPTURE(point);
        SimulatedWorld world = bad_deploy();
        SimulatedExecutor executor(world);
        cool_down(executor);
        executor.points_left = point;
        executor.open(rollback_of(world));
        if (executor.is_dead() && executor.story().size() < 3) {
            continue;  // Nothing of it was written: the agent opens it anew.
        }
        for (int lives = 0; lives < 3 && !executor.has_ended(); ++lives) {
            if (executor.is_dead()) {
                executor.points_left = std::numeric_limits<int>::max();
                executor.restart();
            }
            if (!executor.has_ended() && executor.incident().tried.empty()) {
                judge_anew(world, executor, rollback_for_test());
            }
            executor.settle();
        }
        CHECK(executor.has_ended());
        CHECK(executor.story().back() == "closed healed");
        CHECK(executor.broken.empty());
        CHECK(executor.notices.size() >= 1);
        CHECK(executor.notices.size() <= 2);  // Twice is better than never.
    }
}

TEST_CASE("a reboot begins the wait anew, since nobody knows how long the machine was off") {
    SimulatedWorld world = bad_deploy();
    SimulatedExecutor executor(world);
    executor.around.boot = 1;
    cool_down(executor);
    executor.open(rollback_of(world));
    REQUIRE(executor.is_put_off());
    executor.around.boot = 2;
    world.now = Instant{20s};
    executor.restart();
    REQUIRE(executor.is_put_off());
    CHECK(executor.wake_at() == world.now + node::judge_again_first);
}

}  // namespace homeostat::heal
