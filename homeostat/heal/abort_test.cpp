// Whatever an incident is at, a person can stop it: with the kill switch in every state, with a no
// while it asks, and by closing it once nothing of it is in hand.

#include "homeostat/heal/healing_graph.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

/// One way through the graph. Together they come to every node of it.
struct Way {
    const char* name;
    std::function<void(SimulatedWorld&, SimulatedExecutor&)> begin;
    AnswerKind answer{AnswerKind::approved};
};

void begin_rollback(SimulatedWorld& world, SimulatedExecutor& executor) {
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
}

void begin_eject(SimulatedWorld& world, SimulatedExecutor& executor) {
    const InstanceId slow_one("payments-1");
    world.instance(slow_one).is_slow = true;
    executor.open(
        proposal_for_test(about_instance_for_test(SymptomKind::latency, slow_one.text(), world.now),
                          eject_for_test(slow_one.text())));
    if (executor.node() == "hold") {
        world.instance(slow_one).is_slow = false;
    }
}

const std::vector<Way> ways{
    {"agreed to, and it helps",
     [](SimulatedWorld& world, SimulatedExecutor& executor) {
         world.versions_bad = {VersionId("v2")};
         executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
         begin_rollback(world, executor);
     }},
    {"denied",
     [](SimulatedWorld& world, SimulatedExecutor& executor) {
         world.versions_bad = {VersionId("v2")};
         executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
         begin_rollback(world, executor);
     },
     AnswerKind::denied},
    {"it does not help and is undone",
     [](SimulatedWorld& world, SimulatedExecutor& executor) {
         world.versions_bad = {VersionId("v1"), VersionId("v2")};
         begin_rollback(world, executor);
     }},
    {"held, and given back", begin_eject},
};

std::ptrdiff_t intents_count(const SimulatedExecutor& executor) {
    const std::vector<std::string> story = executor.story();
    return std::ranges::count_if(
        story, [](const std::string& line) { return line.starts_with("intent "); });
}

void pass(SimulatedWorld& world, SimulatedExecutor& executor, Duration span) {
    const Instant until = world.now + span;
    while (executor.wakes_by(until) && executor.wake()) {
    }
    world.pass(std::max(until - world.now, Duration{}));
}

/// What one run shows of the switch, which is engaged right after the commit of this number.
struct Run {
    std::string node;               ///< Where the thread was then; empty: it never got so far.
    std::ptrdiff_t begun_count{0};  ///< Effects announced by then.
    std::ptrdiff_t ended_count{0};  ///< And an hour later.
};

Run run(const Way& way, int commit_number) {
    SimulatedWorld world;
    SimulatedExecutor executor(world);
    Run seen;
    int commits_count = 0;
    const auto engage = [&](const std::string& node) {
        seen.node = node;
        world.is_suspended = true;
    };
    if (commit_number == 0) {
        engage("open");
    }
    executor.on_commit = [&](const HealingThread& thread, const std::vector<Entry>&) {
        commits_count += 1;
        if (commits_count == commit_number) {
            engage(node_of(thread));
            seen.begun_count = intents_count(executor);
        }
    };
    way.begin(world, executor);
    for (int turn = 0; turn < 3 && !executor.has_ended(); ++turn) {
        (void)executor.answer(way.answer);
        pass(world, executor, 5min);
    }
    pass(world, executor, 1h);
    seen.ended_count = intents_count(executor);
    CHECK(executor.broken.empty());
    return seen;
}

}  // namespace

TEST_CASE("from every node of the graph the kill switch lets no further effect begin") {
    constexpr int commits_max = 200;  // More than any of the ways has.
    std::set<std::string> nodes;
    for (const Way& way : ways) {
        CAPTURE(way.name);
        for (int number = 0; number < commits_max; ++number) {
            const Run seen = run(way, number);
            if (seen.node.empty()) {
                break;
            }
            CAPTURE(number);
            CAPTURE(seen.node);
            CHECK(seen.ended_count == seen.begun_count);
            nodes.insert(seen.node);
        }
    }
    for (const graph::NodeShape& node : healing_graph(question_for_max_for_test).shape().nodes) {
        CAPTURE(node.name);
        CHECK(nodes.contains(node.name));
    }
}

TEST_CASE("a no ends what asks, in every incident that asks") {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    SimulatedExecutor executor(world);
    executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    begin_rollback(world, executor);
    REQUIRE(executor.node() == "ask");
    REQUIRE(executor.answer(AnswerKind::denied));
    pass(world, executor, 1h);
    CHECK(executor.node() == "stand_by");
    CHECK(intents_count(executor) == 0);
    CHECK_FALSE(executor.answer(AnswerKind::approved));
}

}  // namespace homeostat::heal
