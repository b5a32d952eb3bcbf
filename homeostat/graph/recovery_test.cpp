// What a person's Retry, a new process and the clock make of a thread that stood still for a while.
// The numbers are those of docs/internals/state_graph.md.

#include "homeostat/graph/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::graph {

using namespace for_test;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

namespace {

Fault fault_of(const Result<void>& taken) {
    return taken ? Fault::absent : taken.error().fault;
}

/// "work", beside a node that fails for good until it is mended.
std::vector<ToyNode> beside_a_failure(const bool& is_mended, Policy policy = {}) {
    std::vector<ToyNode> nodes{
        saying("begin", {"broken", "work"}),
        doing("broken", {"close"},
              [&is_mended](const State&, const ToyEvent& event, const ToyContext&) {
                  const bool begins = std::holds_alternative<Entered>(event) && !is_mended;
                  return begins      ? ToyTurn().stay()
                         : is_mended ? ToyTurn().done()
                                     : ToyTurn().fail("broken");
              }),
        doing("work", {"close"}, look_and_wait, NodeKind::act), saying("close", {})};
    nodes[2].policy = policy;
    return nodes;
}

}  // namespace

TEST_CASE("25: a person's Retry lets a thread that was parked for spinning go on at once") {
    const auto again = [](const State& state, const ToyEvent&, const ToyContext&) {
        return ToyTurn().set<&State::rounds_count>(state.rounds_count + 1).to("again");
    };
    Scene scene({choosing("again", {"again", "close"}, again), saying("close", {})});
    CHECK(scene.run() == RunEnd::parked);
    REQUIRE(scene.runner.take(Retry{}));
    CHECK(scene.progress().status == ThreadStatus::running);
    CHECK(scene.go_on() == RunEnd::parked);
    CHECK(scene.state().rounds_count == 2 * steps_max);
}

TEST_CASE("25, 41: no number of takeovers lets a thread pass what it pauses before") {
    std::vector<ToyNode> nodes{saying("a", {"b"}), saying("b", {})};
    nodes[1].shape.pauses_before = true;
    Scene scene(nodes, {.deaths_max = 2});
    CHECK(scene.run() == RunEnd::waits);
    for (std::uint32_t death = 0; death < steps_max + 1; ++death) {
        REQUIRE(scene.runner.take(Reopen{}));
    }
    CHECK(scene.progress().status == ThreadStatus::paused);
    CHECK(scene.take(Release{}) == RunEnd::ended);
}

TEST_CASE(
    "25: a process that goes on by itself has not died, one that takes over has lost another") {
    for (const bool is_same_process : {true, false}) {
        CAPTURE(is_same_process);
        Scene scene(one_node(look_and_wait), {.deaths_max = 2});
        CHECK(scene.run() == RunEnd::waits);
        for (int time = 0; time < 3; ++time) {
            REQUIRE(scene.runner.take(Reopen{is_same_process}));
        }
        CHECK((scene.progress().status == ThreadStatus::parked) == !is_same_process);
    }
}

TEST_CASE("29: an attempt begins when its node runs, however long the thread stood still before") {
    const Policy policy{.attempts_max = 1, .attempt_for_max = 5s};
    std::vector<ToyNode> nodes = one_node(look_and_wait, policy);
    nodes[0].shape.pauses_before = true;
    nodes.insert(nodes.begin(), saying("begin", {"work"}));
    Scene paused(nodes);
    CHECK(paused.run() == RunEnd::waits);
    paused.pass(24h);
    CHECK(paused.take(Release{}) == RunEnd::waits);
    CHECK(paused.graph.due_at(paused.runner.thread()) == paused.world.at + 5s);
    Scene parked(one_node(look_and_wait, policy));
    CHECK(parked.run() == RunEnd::waits);
    parked.pass(5s);
    CHECK(parked.go_on() == RunEnd::parked);
    parked.pass(24h);
    CHECK(parked.take(Retry{}) == RunEnd::waits);
    CHECK(parked.graph.due_at(parked.runner.thread()) == parked.world.at + 5s);
}

TEST_CASE("29: what waited when its thread was parked has a new attempt's time after a Retry") {
    bool is_mended = false;
    Scene scene(beside_a_failure(is_mended, {.attempt_for_max = 5s}));
    CHECK(scene.run() == RunEnd::waits);
    CHECK(scene.take(Tell<Toy>{"break", 2}) == RunEnd::parked);
    scene.pass(24h);
    is_mended = true;
    CHECK(scene.take(Retry{}) == RunEnd::waits);
    CHECK(scene.graph.due_at(scene.runner.thread()) == scene.world.at + 5s);
}

TEST_CASE("29: a reply to what was asked for before a Retry is dropped") {
    Scene scene(one_node(look_and_wait, {.attempt_for_max = 5s}));
    CHECK(scene.run() == RunEnd::waits);
    scene.pass(5s);
    CHECK(scene.go_on() == RunEnd::parked);
    CHECK(scene.take(Retry{}) == RunEnd::waits);
    CHECK(scene.world.performed == Words{"act 1", "look 2"});
    CHECK(fault_of(scene.runner.take(Tell<Toy>{"done", 1, 1})) == Fault::refused);
    CHECK(scene.take(Tell<Toy>{"done", 1, 2}) == RunEnd::ended);
}

TEST_CASE("29: that holds for what was only beside the failure, too") {
    bool is_mended = false;
    Scene scene(beside_a_failure(is_mended));
    CHECK(scene.run() == RunEnd::waits);
    CHECK(scene.take(Tell<Toy>{"break", 2}) == RunEnd::parked);
    is_mended = true;
    CHECK(scene.take(Retry{}) == RunEnd::waits);
    CHECK(scene.world.performed == Words{"act 1", "look 2"});
    CHECK(fault_of(scene.runner.take(Tell<Toy>{"done", 3, 1})) == Fault::refused);
    CHECK(scene.take(Tell<Toy>{"done", 3, 2}) == RunEnd::ended);
}

TEST_CASE("27: a Retry gives as many attempts as there were at first") {
    const auto fails = [](const State&, const ToyEvent&, const ToyContext& context) {
        return context.attempt <= 4 ? ToyTurn().fail("not yet") : ToyTurn().done();
    };
    Scene scene(one_node(fails, {.attempts_max = 2, .wait_first = 1s}));
    for (const RunEnd end : {RunEnd::parked, RunEnd::parked, RunEnd::ended}) {
        CHECK((scene.commits_count() == 0 ? scene.run() : scene.take(Retry{})) ==
              (end == RunEnd::ended ? end : RunEnd::waits));
        scene.pass(1s);
        CHECK(scene.go_on() == end);
    }
}

TEST_CASE("47: once its effect is of unknown fate each further attempt of a task looks first") {
    const auto run = [](const State&, const ToyEvent& event, const ToyContext&) {
        ToyTurn turn;
        if (std::holds_alternative<Entered>(event)) {
            return turn.command("act").stay();
        }
        if (std::holds_alternative<Resumed>(event)) {
            return turn.command("look").stay();
        }
        return turn.fail("the world says nothing");
    };
    for (const bool dies : {false, true}) {
        CAPTURE(dies);
        Scene scene(one_node(run, {.attempts_max = 3, .wait_first = 1s, .attempt_for_max = 5s}));
        CHECK(scene.run() == RunEnd::waits);
        if (dies) {
            CHECK(scene.die() == RunEnd::waits);
        } else {
            scene.pass(5s);
            CHECK(scene.go_on() == RunEnd::waits);
            scene.pass(1s);
            CHECK(scene.go_on() == RunEnd::waits);
        }
        CHECK(scene.world.performed == Words{"act", "look"});
        CHECK(scene.take(Tell<Toy>{"cannot see"}) == RunEnd::waits);
        scene.pass(2s);
        CHECK(scene.go_on() == RunEnd::waits);
        CHECK(scene.world.performed == Words{"act", "look", "look"});
    }
}

TEST_CASE("C3.5: of two times that have passed the one that was due first counts") {
    const auto run = [](const State&, const ToyEvent& event, const ToyContext& context) {
        return std::holds_alternative<Woken>(event) ? ToyTurn().append<&State::log>("woken").done()
                                                    : ToyTurn().stay_until(context.now + 2s);
    };
    Scene late(one_node(run, {.attempt_for_max = 5s, .idle_for_max = 3s}));
    CHECK(late.run() == RunEnd::waits);
    late.pass(1min);
    CHECK(late.go_on() == RunEnd::ended);
    CHECK(late.log() == Words{"woken", "close"});
    Scene never(one_node(run, {.attempt_for_max = 2s}));
    CHECK(never.run() == RunEnd::waits);
    never.pass(2s);
    CHECK(never.go_on() == RunEnd::parked);
}

TEST_CASE("29: asking to be woken in the past does not put off the end of an attempt") {
    const auto run = [](const State&, const ToyEvent&, const ToyContext&) {
        return ToyTurn().stay_until(Instant{});
    };
    Scene scene(one_node(run, {.attempt_for_max = 5s}));
    REQUIRE(scene.runner.start("t-1", {}));
    REQUIRE(scene.runner.take(Go{}));
    scene.pass(5s);
    CHECK(scene.take(Tick{}) == RunEnd::parked);
    CHECK(scene.progress().trouble == "node work failed: the attempt took too long");
}

TEST_CASE(
    "42: an answer that comes at the deadline or later is refused, though nobody ticked yet") {
    Scene scene({asking("approve", {"close"}, "go on?"), saying("close", {})});
    CHECK(scene.run() == RunEnd::waits);
    scene.pass(10min);
    CHECK(fault_of(scene.runner.take(Reply<Toy>{{true, "ann"}})) == Fault::refused);
    CHECK(scene.go_on() == RunEnd::ended);
    CHECK(scene.log() == Words{"no by silence", "close"});
}

TEST_CASE("41: a thread pauses before its first node, too") {
    std::vector<ToyNode> nodes{saying("a", {"b"}), saying("b", {})};
    nodes[0].shape.pauses_before = true;
    Scene scene(nodes);
    CHECK(scene.run() == RunEnd::waits);
    CHECK(scene.progress().status == ThreadStatus::paused);
    CHECK(scene.log().empty());
    CHECK(scene.take(Release{}) == RunEnd::ended);
}

TEST_CASE("C3.7: a death counts where something was at work, not where a person was waited for") {
    std::vector<ToyNode> nodes{asking("approve", {"close"}, "go on?"), saying("close", {})};
    Scene scene(nodes, {.deaths_max = 2});
    CHECK(scene.run() == RunEnd::waits);
    for (int death = 0; death < 5; ++death) {
        CHECK(scene.die() == RunEnd::waits);
    }
    CHECK(scene.take(Reply<Toy>{{true, "ann"}}) == RunEnd::ended);
}

TEST_CASE("C3.7: why a thread is parked outlives any number of processes") {
    const auto fails = [](const State&, const ToyEvent&, const ToyContext&) {
        return ToyTurn().fail("broken");
    };
    Scene scene(one_node(fails), {.deaths_max = 2});
    CHECK(scene.run() == RunEnd::parked);
    for (int death = 0; death < 5; ++death) {
        CHECK(scene.die() == RunEnd::parked);
    }
    CHECK(scene.progress().trouble == "node work failed: broken");
}

TEST_CASE("66: too many tasks are what parks the thread, whatever waits at a join") {
    const auto spread = [](const State&, const ToyEvent&, const ToyContext&) {
        ToyTurn turn;
        for (std::uint32_t number = 0; number < 9; ++number) {
            turn.send("work", {number});
        }
        return turn;
    };
    std::vector<ToyNode> nodes{saying("begin", {"short", "spread"}), saying("short", {"join"}),
                               choosing("spread", {"work"}, spread), saying("work", {"join"}),
                               saying("join", {})};
    nodes[4].shape.after = {"short", "work"};
    Scene scene(nodes, {.tasks_max = 8});
    CHECK(scene.run() == RunEnd::parked);
    CHECK(scene.progress().trouble == "it would begin 9 tasks at once, at most are 8");
}

TEST_CASE("30: the node for errors is given what the task that failed was given") {
    const auto spread = [](const State&, const ToyEvent&, const ToyContext&) {
        return ToyTurn().send("work", {7}).send("work", {8});
    };
    const auto work = [](const State&, const ToyEvent&, const ToyContext& context) {
        return context.argument->number == 8 ? ToyTurn().fail("broken") : ToyTurn().done();
    };
    const auto mend = [](const State&, const ToyEvent&, const ToyContext& context) {
        REQUIRE(context.argument != nullptr);
        return ToyTurn().fold<&State::sum>(context.argument->number).done();
    };
    std::vector<ToyNode> nodes{choosing("begin", {"work"}, spread), doing("work", {"close"}, work),
                               doing("mend", {"close"}, mend), saying("close", {})};
    nodes[1].shape.on_error = "mend";
    Scene scene(nodes);
    CHECK(scene.run() == RunEnd::ended);
    CHECK(scene.state().sum == 8);
}

TEST_CASE("C3.5: after a reboot, when the clock begins anew, no wait is longer than it ever was") {
    const auto fails = [](const State&, const ToyEvent&, const ToyContext&) {
        return ToyTurn().fail("not yet");
    };
    const auto sleeps = [](const State&, const ToyEvent&, const ToyContext& context) {
        return ToyTurn().stay_until(context.now + 1min);
    };
    std::vector<ToyNode> nodes{
        saying("begin", {"approve", "fails", "sleeps"}), asking("approve", {"close"}, "go on?"),
        doing("fails", {"close"}, fails), doing("sleeps", {"close"}, sleeps), saying("close", {})};
    nodes[2].policy = {.attempts_max = 2, .wait_first = 1s};
    nodes[3].policy = {.attempt_for_max = 1h};
    Scene scene(nodes);
    scene.pass(24h * 365);
    CHECK(scene.run() == RunEnd::waits);
    scene.world.at = instant_of_ns(7'000'000'000);
    CHECK(scene.die() == RunEnd::waits);
    const std::vector<Task<Toy>>& tasks = scene.progress().tasks;
    CHECK(tasks[0].question->deadline_at == scene.world.at + 10min);
    CHECK(tasks[1].wake_at == scene.world.at + 1s);
    CHECK(overdue_at(tasks[2], nodes[3].policy) == scene.world.at + 1h);
}

TEST_CASE("35, 37: a question that is asked again after a Retry is another one") {
    bool is_mended = false;
    std::vector<ToyNode> nodes{asking("approve", {"close"}, "go on?"), saying("close", {})};
    const NodeFunction<Toy> answered = nodes[0].run;
    nodes[0].run = [&](const State& state, const ToyEvent& event, const ToyContext& context) {
        return is_mended ? answered(state, event, context) : ToyTurn().fail("broken");
    };
    Scene scene(nodes);
    CHECK(scene.run() == RunEnd::waits);
    const std::string first = scene.progress().tasks.front().question->id;
    CHECK(scene.take(Reply<Toy>{{true, "ann"}, first}) == RunEnd::parked);
    CHECK_FALSE(scene.progress().tasks.front().question);
    is_mended = true;
    CHECK(scene.take(Retry{}) == RunEnd::waits);
    CHECK(fault_of(scene.runner.take(Reply<Toy>{{true, "ann"}, first})) == Fault::refused);
    CHECK(scene.take(Reply<Toy>{{false, "bob"}}) == RunEnd::ended);
    CHECK(scene.log() == Words{"no by bob", "close"});
}

TEST_CASE("25: steps that are left out of the store count, and what is kept after them is whole") {
    const ToyGraph graph =
        graph_of(one_node([](const State&, const ToyEvent& event, const ToyContext&) {
            const auto* heard = std::get_if<std::string>(&event);
            const bool is_over = heard != nullptr && *heard == "over";
            return is_over ? ToyTurn().append<&State::log>("over").done() : ToyTurn().stay();
        }));
    const Nothing nothing;
    const Surroundings<Toy> around{Instant{1h}, nothing};
    Advance<Toy> begin = graph.start("t-1", {}, around.now);
    std::vector<Commit> kept{begin.commit};
    Thread<Toy> thread;
    apply(thread, std::move(begin.delta), begin.commit);
    const auto keep = [&](const Input<Toy>& input) {
        Result<Advance<Toy>> advance = graph.advance(thread, input, around);
        REQUIRE(advance);
        kept.push_back(advance->commit);
        apply(thread, std::move(advance->delta), advance->commit);
    };
    keep(Go{});
    for (std::uint32_t looks = 1; looks < steps_max - 1; ++looks) {
        Result<Advance<Toy>> look = graph.advance(thread, Tell<Toy>{"look"}, around);
        REQUIRE(look);
        apply_unkept(thread, std::move(look->delta));
    }
    CHECK(thread.commits_count == 2);
    CHECK(thread.progress.pace.steps_count == steps_max - 1);
    keep(Tell<Toy>{"over"});
    const Result<Thread<Toy>> read = graph.load(kept);
    REQUIRE(read);
    CHECK(read->hash == thread.hash);
    CHECK(read->state == thread.state);
    CHECK(read->progress.pace.steps_count == steps_max);
    keep(Go{});
    CHECK(thread.progress.trouble == "it spins: 2000 steps within 120 s");
}

}  // namespace homeostat::graph
