// Questions to people, and threads that are paused. The numbers are those of
// docs/internals/state_graph.md.

#include "homeostat/graph/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::graph {

using namespace for_test;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

namespace {

const Approval yes_by_ann{true, "ann"};

std::vector<ToyNode> one_question() {
    return {doing(
                "act", {"approve"},
                [](const State&, const ToyEvent& event, const ToyContext&) {
                    return std::holds_alternative<Entered>(event)
                               ? ToyTurn().command("throw the switch").stay()
                               : ToyTurn().done();
                },
                NodeKind::act),
            asking("approve", {"close"}, "go on?"), saying("close", {})};
}

std::vector<ToyNode> two_questions() {
    return {saying("begin", {"ask_a", "ask_b"}), asking("ask_a", {"close"}, "a?"),
            asking("ask_b", {"close"}, "b?"), saying("close", {})};
}

std::string open_question(const Scene& scene, std::size_t index = 0) {
    return scene.progress().tasks.at(index).question->id;
}

/// Runs to the question.
void run_to_question(Scene& scene) {
    scene.world.reply = [](const std::string&) { return std::optional<std::string>("done"); };
    REQUIRE(scene.run() == RunEnd::waits);
}

std::string refusal(Scene& scene, const Input<Toy>& input) {
    const std::uint64_t commits_count = scene.commits_count();
    const Result<void> taken = scene.runner.take(input);
    CHECK(scene.commits_count() == commits_count);
    return taken ? "" : taken.error().text;
}

}  // namespace

TEST_CASE("34: a question is kept, with an id that is the same wherever it is computed") {
    Scene scene(one_question());
    run_to_question(scene);
    const std::string id = open_question(scene);
    CHECK(id == question_id("t-1", 2));
    CHECK(scene.die() == RunEnd::waits);
    CHECK(open_question(scene) == id);
    CHECK(scene.progress().tasks.front().question->question.text == "go on?");
}

TEST_CASE("35: an answer does not run again what was done before the question") {
    Scene scene(one_question());
    run_to_question(scene);
    CHECK(scene.die() == RunEnd::waits);
    CHECK(scene.take(Reply<Toy>{yes_by_ann}) == RunEnd::ended);
    CHECK(scene.world.performed == Words{"throw the switch"});
    CHECK(scene.log() == Words{"yes by ann", "close"});
}

TEST_CASE("35: a node asks or acts, never both") {
    std::vector<ToyNode> nodes = one_question();
    nodes[0].ask = nodes[1].ask;
    const Result<ToyGraph> graph = ToyGraph::build("toy", nodes);
    REQUIRE_FALSE(graph);
    CHECK(graph.error().text ==
          "graph toy: node act: a node that asks, and no other, has a question");
    nodes = one_question();
    nodes[1].run = [](const State&, const ToyEvent&, const ToyContext&) {
        return ToyTurn().command("throw the switch").stay();
    };
    Scene scene(nodes);
    run_to_question(scene);
    CHECK(scene.take(Reply<Toy>{yes_by_ann}) == RunEnd::parked);
    CHECK(scene.progress().trouble == "node approve does not go on");
    CHECK(scene.world.performed == Words{"throw the switch"});
}

TEST_CASE("36: where two questions are open an answer says which it is for, and leaves the other") {
    Scene scene(two_questions());
    CHECK(scene.run() == RunEnd::waits);
    CHECK(refusal(scene, Reply<Toy>{yes_by_ann}) ==
          "thread t-1 asks 2 questions: the answer has to say which it is for");
    CHECK(scene.take(Reply<Toy>{yes_by_ann, open_question(scene, 1)}) == RunEnd::waits);
    CHECK(scene.progress().tasks[0].status == TaskStatus::asking);
    CHECK(scene.take(Reply<Toy>{{false, "bob"}}) == RunEnd::ended);
    CHECK(scene.log() == Words{"begin", "no by bob", "yes by ann", "close"});
}

TEST_CASE("37: a second answer, and one to no question, are refused and leave no trace") {
    Scene scene(two_questions());
    CHECK(scene.run() == RunEnd::waits);
    const std::string id = open_question(scene, 0);
    CHECK(scene.take(Reply<Toy>{yes_by_ann, id}) == RunEnd::waits);
    CHECK(refusal(scene, Reply<Toy>{yes_by_ann, id}) == "question " + id + " was answered already");
    CHECK(refusal(scene, Reply<Toy>{yes_by_ann, "0000000000000000"}) ==
          "thread t-1 has no question 0000000000000000");
    Scene ended(one_question());
    run_to_question(ended);
    const std::string only = open_question(ended);
    CHECK(ended.take(Reply<Toy>{yes_by_ann}) == RunEnd::ended);
    CHECK(refusal(ended, Reply<Toy>{yes_by_ann, only}) == "thread t-1 is ended, not running");
}

TEST_CASE("38: what is no answer is refused, and the question stays open") {
    Scene scene(one_question());
    run_to_question(scene);
    CHECK(refusal(scene, Reply<Toy>{{true, ""}}) ==
          "no answer to question " + open_question(scene) + ": it says not who");
    CHECK(scene.take(Reply<Toy>{yes_by_ann}) == RunEnd::ended);
}

TEST_CASE("39: neither a beginning nor a message takes an open question away") {
    Scene scene(one_question());
    run_to_question(scene);
    const Result<void> started = scene.runner.start("t-1", {});
    REQUIRE_FALSE(started);
    CHECK(started.error().text == "there is a thread t-1 already");
    CHECK(refusal(scene, Tell<Toy>{"news"}) ==
          "nobody in thread t-1 waits for that message any more");
    CHECK(refusal(scene, Go{}) == "nothing of thread t-1 is ready");
    CHECK(scene.take(Reply<Toy>{yes_by_ann}) == RunEnd::ended);
}

TEST_CASE("40: a graph that asks does not run without a store") {
    ToyWorld world;
    const ToyGraph graph = graph_of(one_question());
    const Result<ToyRunner> runner = ToyRunner::over(graph, nullptr, world);
    REQUIRE_FALSE(runner);
    CHECK(runner.error().text == "graph toy asks a person: it needs a store that remembers");
    const ToyGraph silent = graph_of({saying("a", {"b"}), saying("b", {})});
    Result<ToyRunner> without = ToyRunner::over(silent, nullptr, world);
    REQUIRE(without);
    REQUIRE(without->start("t-1", {}));
    CHECK(without->run() == RunEnd::ended);
}

TEST_CASE("41: a pause belongs to the graph, outlives the process and is ended by a person") {
    std::vector<ToyNode> nodes{saying("a", {"b"}), saying("b", {"c"}), saying("c", {})};
    nodes[1].shape.pauses_before = true;
    Scene scene(nodes);
    CHECK(scene.run() == RunEnd::waits);
    CHECK(scene.progress().status == ThreadStatus::paused);
    CHECK(scene.log() == Words{"a"});
    CHECK(scene.die() == RunEnd::waits);
    CHECK(refusal(scene, Go{}) == "thread t-1 is paused, not running");
    CHECK(scene.take(Release{}) == RunEnd::ended);
    CHECK(refusal(scene, Release{}) == "thread t-1 is ended, not paused");
}

TEST_CASE("42: silence is no, at a time that a death of the process does not put off") {
    Scene scene(one_question());
    run_to_question(scene);
    scene.pass(9min);
    CHECK(scene.die() == RunEnd::waits);
    scene.pass(1min - 1ns);
    CHECK(scene.go_on() == RunEnd::waits);
    scene.pass(1ns);
    CHECK(scene.go_on() == RunEnd::ended);
    CHECK(scene.log() == Words{"no by silence", "close"});
}

TEST_CASE("42: an answer that comes after the silence was taken for one is refused") {
    Scene scene(two_questions());
    CHECK(scene.run() == RunEnd::waits);
    const std::string id = open_question(scene);
    scene.pass(10min);
    CHECK(scene.go_on() == RunEnd::ended);
    CHECK(refusal(scene, Reply<Toy>{yes_by_ann, id}) == "thread t-1 is ended, not running");
}

TEST_CASE("42: a question without an end of its patience is not built") {
    std::vector<ToyNode> nodes = one_question();
    nodes[1].ask->silence_for_max = {};
    const Result<ToyGraph> graph = ToyGraph::build("toy", nodes);
    REQUIRE_FALSE(graph);
    CHECK(graph.error().text == "graph toy: node approve asks and does not say how long it waits");
}

}  // namespace homeostat::graph
