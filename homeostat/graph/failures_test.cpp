// Limits, failures, attempts and time. The numbers are those of docs/internals/state_graph.md.

#include "homeostat/graph/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::graph {

using namespace for_test;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

namespace {

/// Fails so many attempts, then says in which one it did not.
NodeFunction<Toy> failing(std::uint32_t times) {
    return [times](const State&, const ToyEvent& event, const ToyContext& context) {
        ToyTurn turn;
        const std::string how = std::holds_alternative<Resumed>(event) ? "resumed " : "entered ";
        turn.append<&State::log>(how + std::to_string(context.attempt));
        return context.attempt <= times ? turn.fail("not yet") : turn.done();
    };
}

}  // namespace

TEST_CASE("25: a thread that spins is parked at the exact step, crash or not") {
    const auto again = [](const State& state, const ToyEvent&, const ToyContext&) {
        return ToyTurn().set<&State::rounds_count>(state.rounds_count + 1).to("again");
    };
    const std::vector<ToyNode> nodes{choosing("again", {"again", "close"}, again),
                                     saying("close", {})};
    Scene whole(nodes);
    CHECK(whole.run() == RunEnd::parked);
    CHECK(whole.state().rounds_count == steps_max);
    CHECK(whole.progress().trouble == "it spins: 2000 steps within 120 s");
    Scene broken(nodes);
    REQUIRE(broken.runner.start("t-1", {}));
    for (int step = 0; step < 1000; ++step) {
        REQUIRE(broken.runner.take(Go{}));
    }
    CHECK(broken.die() == RunEnd::parked);
    CHECK(broken.state().rounds_count == steps_max - 1);  // Taking it over was a step, too.
}

TEST_CASE("26: what siblings finished is kept when one fails for good, and is not run again") {
    bool is_mended = false;
    const auto fails = [&](const State&, const ToyEvent&, const ToyContext&) {
        return is_mended ? ToyTurn().append<&State::log>("b").done() : ToyTurn().fail("broken");
    };
    int runs_count = 0;
    const auto counts = [&](const State&, const ToyEvent&, const ToyContext&) {
        runs_count += 1;
        return ToyTurn().append<&State::log>("a").done();
    };
    Scene scene({saying("begin", {"a", "b"}), doing("a", {"close"}, counts),
                 doing("b", {"close"}, fails), saying("close", {})});
    CHECK(scene.run() == RunEnd::parked);
    CHECK(scene.progress().trouble == "node b failed: broken");
    CHECK(scene.log() == Words{"begin"});
    CHECK(scene.die() == RunEnd::parked);
    is_mended = true;
    CHECK(scene.take(Retry{}) == RunEnd::ended);
    CHECK(scene.log() == Words{"begin", "a", "b", "close"});
    CHECK(runs_count == 1);
}

TEST_CASE("27: an attempt that failed leaves nothing, and the waits between them double") {
    Scene scene(one_node(failing(3), {.attempts_max = 4, .wait_first = 500ms, .wait_max = 1s}));
    CHECK(scene.run() == RunEnd::waits);
    for (const Duration wait : {500ms, 1000ms, 1000ms}) {
        CHECK(scene.graph.due_at(scene.runner.thread()) == scene.world.at + wait);
        scene.pass(wait - 1ns);
        CHECK(scene.go_on() == RunEnd::waits);
        scene.pass(1ns);
        scene.go_on();
    }
    CHECK(scene.progress().status == ThreadStatus::ended);
    CHECK(scene.log() == Words{"entered 4", "close"});
}

TEST_CASE("27: when the attempts are used up the thread is parked with the reason") {
    Scene scene(one_node(failing(9), {.attempts_max = 2, .wait_first = 1s}));
    CHECK(scene.run() == RunEnd::waits);
    scene.pass(1s);
    CHECK(scene.go_on() == RunEnd::parked);
    CHECK(scene.progress().trouble == "node work failed: not yet");
}

TEST_CASE("28: a death between two attempts forgets neither their count nor the next one's time") {
    Scene scene(one_node(failing(2), {.attempts_max = 3, .wait_first = 1s}));
    CHECK(scene.run() == RunEnd::waits);
    const auto due_at = scene.graph.due_at(scene.runner.thread());
    scene.pass(900ms);
    CHECK(scene.die() == RunEnd::waits);
    CHECK(scene.graph.due_at(scene.runner.thread()) == due_at);
    scene.pass(100ms);
    CHECK(scene.go_on() == RunEnd::waits);
    scene.pass(2s);
    CHECK(scene.die() == RunEnd::ended);
    CHECK(scene.log() == Words{"entered 3", "close"});
}

TEST_CASE(
    "29: an attempt that takes too long is given up, its late reply dropped, and the next "
    "one looks at the world first") {
    Scene scene(
        one_node(look_and_wait, {.attempts_max = 2, .wait_first = 1s, .attempt_for_max = 5s}));
    CHECK(scene.run() == RunEnd::waits);
    scene.pass(5s);
    CHECK(scene.go_on() == RunEnd::waits);
    scene.pass(1s);
    CHECK(scene.go_on() == RunEnd::waits);
    CHECK(scene.world.performed == Words{"act 1", "look 2"});
    const Result<void> late = scene.runner.take(Tell<Toy>{"done", 1, 1});
    REQUIRE_FALSE(late);
    CHECK(late.error().fault == Fault::refused);
    CHECK(scene.take(Tell<Toy>{"done", 1, 2}) == RunEnd::ended);
    CHECK(scene.log() == Words{"heard in 2", "close"});
}

TEST_CASE("29: whatever it hears refreshes the patience for silence, not that for the attempt") {
    const Policy policy{.idle_for_max = 2s};
    const auto listens = [](const State&, const ToyEvent& event, const ToyContext&) {
        const auto* heard = std::get_if<std::string>(&event);
        return heard != nullptr && *heard == "end" ? ToyTurn().done() : ToyTurn().stay();
    };
    Scene idle(one_node(listens, policy));
    CHECK(idle.run() == RunEnd::waits);
    for (int beat = 0; beat < 5; ++beat) {
        idle.pass(1900ms);
        CHECK(idle.take(Tell<Toy>{"still at it"}) == RunEnd::waits);
    }
    idle.pass(2s);
    CHECK(idle.go_on() == RunEnd::parked);
    CHECK(idle.progress().trouble == "node work failed: the attempt took too long");
    Scene slow(one_node(listens, {.attempt_for_max = 3s, .idle_for_max = 2s}));
    CHECK(slow.run() == RunEnd::waits);
    slow.pass(1900ms);
    CHECK(slow.take(Tell<Toy>{"still at it"}) == RunEnd::waits);
    slow.pass(1100ms);
    CHECK(slow.go_on() == RunEnd::parked);
}

TEST_CASE("30: once the attempts are used up the node for errors comes next, and nothing else") {
    std::vector<ToyNode> nodes = one_node(failing(9));
    nodes[0].shape.on_error = "mend";
    nodes.push_back(
        doing("mend", {"close"}, [](const State&, const ToyEvent&, const ToyContext& c) {
            return ToyTurn()
                .append<&State::log>(c.failure->node + ": " + c.failure->because)
                .done();
        }));
    Scene scene(nodes);
    CHECK(scene.run() == RunEnd::ended);
    CHECK(scene.log() == Words{"work: not yet", "close"});
}

TEST_CASE("30: the failure outlives a death before the node for errors ran") {
    std::vector<ToyNode> nodes = one_node(failing(9));
    nodes[0].shape.on_error = "mend";
    nodes.push_back(
        doing("mend", {"close"}, [](const State&, const ToyEvent&, const ToyContext& c) {
            return ToyTurn().append<&State::log>(c.failure->because).done();
        }));
    Scene scene(nodes);
    REQUIRE(scene.runner.start("t-1", {}));
    REQUIRE(scene.runner.take(Go{}));
    CHECK(scene.progress().tasks.front().node == "mend");
    CHECK(scene.die() == RunEnd::ended);
    CHECK(scene.log() == Words{"not yet", "close"});
}

TEST_CASE("30: a node for errors that fails itself parks the thread") {
    std::vector<ToyNode> nodes = one_node(failing(9));
    nodes[0].shape.on_error = "mend";
    nodes.push_back(doing("mend", {"close"}, failing(9)));
    nodes.back().shape.on_error = "work";
    Scene scene(nodes);
    CHECK(scene.run() == RunEnd::parked);
    CHECK(scene.progress().trouble == "node mend failed: not yet");
}

TEST_CASE("32: a drain stops at the next commit, and the thread goes on from there") {
    Scene scene({saying("a", {"b"}), saying("b", {"c"}), saying("c", {})});
    scene.world.drains = true;
    CHECK(scene.run() == RunEnd::drained);
    CHECK(scene.log().empty());
    scene.world.drains = false;
    CHECK(scene.die() == RunEnd::ended);
    CHECK(scene.log() == Words{"a", "b", "c"});
}

TEST_CASE("C3.7: a superstep in which one process after the other ends is parked") {
    Scene scene(one_node(look_and_wait), {.deaths_max = 3});
    CHECK(scene.run() == RunEnd::waits);
    for (int death = 0; death < 3; ++death) {
        CHECK(scene.die() == RunEnd::waits);
    }
    CHECK(scene.die() == RunEnd::parked);
    CHECK(scene.progress().trouble ==
          "4 processes ended in this superstep: it may be what ends them");
    CHECK(scene.take(Retry{}) == RunEnd::waits);
    CHECK(scene.take(Tell<Toy>{"done"}) == RunEnd::ended);
}

TEST_CASE("66: a superstep has a greatest number of tasks") {
    const auto spread = [](const State&, const ToyEvent&, const ToyContext&) {
        ToyTurn turn;
        for (std::uint32_t number = 0; number < 9; ++number) {
            turn.send("work", {number});
        }
        return turn;
    };
    const std::vector<ToyNode> nodes{choosing("begin", {"work"}, spread), saying("work", {"close"}),
                                     saying("close", {})};
    CHECK(Scene(nodes, {.tasks_max = 9}).run() == RunEnd::ended);
    Scene scene(nodes, {.tasks_max = 8});
    CHECK(scene.run() == RunEnd::parked);
    CHECK(scene.progress().trouble == "it would begin 9 tasks at once, at most are 8");
}

TEST_CASE("55, 66: what a thread knows and what a commit adds to it have a greatest size") {
    const auto grow = [](const State& state, const ToyEvent&, const ToyContext&) {
        return ToyTurn()
            .append<&State::log>(std::string(100, 'x'))
            .to(state.log.size() < 500 ? "grow" : "close");
    };
    const std::vector<ToyNode> nodes{choosing("grow", {"grow", "close"}, grow),
                                     saying("close", {})};
    CHECK(Scene(nodes).run() == RunEnd::ended);
    Scene small(nodes, {.snapshot_bytes_max = 20'000});
    CHECK(small.run() == RunEnd::parked);
    CHECK(small.progress().trouble.ends_with(" bytes, at most are 20000"));
    CHECK(small.log().size() <= 256);
    Scene tight(nodes, {.commit_bytes_max = 100});
    CHECK(tight.run() == RunEnd::parked);
    CHECK(tight.log().empty());
}

}  // namespace homeostat::graph
