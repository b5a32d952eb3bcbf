// Supersteps, channels and ways through a graph. The numbers in the names are those of
// docs/internals/state_graph.md, which lists what a state graph may promise and what this one does.

#include "homeostat/graph/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::graph {

using namespace for_test;
using Words = std::vector<std::string>;

namespace {

/// "begin" leads to all of `names` side by side, and they to "close".
std::vector<ToyNode> side_by_side(const Words& names) {
    std::vector<ToyNode> nodes{saying("begin", names)};
    for (const std::string& name : names) {
        nodes.push_back(saying(name, {"close"}));
    }
    nodes.push_back(saying("close", {}));
    return nodes;
}

ToyTurn set_verdict(std::string verdict) {
    return ToyTurn().set<&State::verdict>(std::move(verdict)).done();
}

std::string why_not_built(std::vector<ToyNode> nodes) {
    const Result<ToyGraph> graph = ToyGraph::build("toy", std::move(nodes));
    return graph ? "" : graph.error().text;
}

template <class Turned>
concept MaySetLog = requires(Turned turn) { turn.template set<&State::log>(Words{}); };
template <class Turned>
concept MaySetVerdict = requires(Turned turn) { turn.template set<&State::verdict>("yes"); };
template <class Turned>
concept MaySetNumber = requires(Turned turn) { turn.template set<&Number::number>(1U); };

}  // namespace

TEST_CASE("1: no task sees what a sibling wrote in the same superstep") {
    const auto read = [](const State& state, const ToyEvent&, const ToyContext&) {
        return ToyTurn()
            .append<&State::log>("saw " + std::to_string(state.log.size()))
            .fold<&State::sum>(1)
            .done();
    };
    Scene scene({saying("begin", {"a", "b"}), doing("a", {"close"}, read),
                 doing("b", {"close"}, read), saying("close", {})});
    CHECK(scene.run() == RunEnd::ended);
    CHECK(scene.log() == Words{"begin", "saw 1", "saw 1", "close"});
    CHECK(scene.state().sum == 2);
}

TEST_CASE("3: writes count in the order of the tasks, whatever order they were declared in") {
    Scene scene(side_by_side({"z", "m", "a"}));
    CHECK(scene.run() == RunEnd::ended);
    CHECK(scene.log() == Words{"begin", "a", "m", "z", "close"});
}

TEST_CASE("3, 22: what is sent has a task each, and its writes stand in the order of sending") {
    constexpr std::uint32_t count = 12;
    const auto spread = [](const State&, const ToyEvent&, const ToyContext&) {
        ToyTurn turn;
        for (std::uint32_t number = 0; number < count; ++number) {
            turn.send("work", {number});
        }
        return turn;
    };
    const auto work = [](const State&, const ToyEvent& event, const ToyContext& context) {
        const std::string number = std::to_string(context.argument->number);
        return std::holds_alternative<Entered>(event)
                   ? ToyTurn().command("work " + number).stay()
                   : ToyTurn().append<&State::log>(number).done();
    };
    Scene scene(
        {choosing("begin", {"work"}, spread), doing("work", {"close"}, work), saying("close", {})});
    CHECK(scene.run() == RunEnd::waits);
    CHECK(scene.world.performed.size() == count);
    // They end in another order than they began.
    for (std::uint64_t index = 0; index < count; ++index) {
        const std::uint64_t task = 2 + (index * 5) % count;
        CHECK(scene.log().empty());
        scene.take(Tell<Toy>{"done", task, 1});
    }
    CHECK(scene.progress().status == ThreadStatus::ended);
    CHECK(scene.log() ==
          Words{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "close"});
}

TEST_CASE("4: two writes to a value that takes one are an error that names both") {
    const auto write = [](const State&, const ToyEvent&, const ToyContext& context) {
        return set_verdict(std::to_string(context.task));
    };
    Scene scene({saying("begin", {"a", "b"}), doing("a", {"close"}, write),
                 doing("b", {"close"}, write), saying("close", {})});
    CHECK(scene.run() == RunEnd::parked);
    CHECK(scene.progress().trouble ==
          "two tasks of one superstep, a and b, wrote 'verdict', which takes one write");
}

TEST_CASE("5: such an error changes nothing else, and the thread can be read and tried again") {
    bool is_mended = false;
    const auto write = [&](const State&, const ToyEvent&, const ToyContext& context) {
        ToyTurn turn;
        turn.append<&State::log>("kept?").command("never carried out");
        return is_mended && context.task > 2 ? ToyTurn().done() : set_verdict("x");
    };
    Scene scene({saying("begin", {"a", "b"}), doing("a", {"close"}, write),
                 doing("b", {"close"}, write), saying("close", {})});
    CHECK(scene.run() == RunEnd::parked);
    CHECK(scene.log() == Words{"begin"});
    CHECK(scene.world.performed.empty());
    const Result<Thread<Toy>> read = scene.graph.load(*scene.store.read("t-1", 0));
    REQUIRE(read);
    CHECK(read->progress.tasks.size() == 2);
    CHECK(scene.take(Retry{}) == RunEnd::parked);
    is_mended = true;
    CHECK(scene.take(Retry{}) == RunEnd::ended);
    CHECK(scene.state().verdict == "x");
}

TEST_CASE("6: a folded value begins with what is there and takes the writes in order") {
    Scene scene({doing("begin", {"close"},
                       [](const State&, const ToyEvent&, const ToyContext&) {
                           return ToyTurn().fold<&State::sum>(2).fold<&State::sum>(3).done();
                       }),
                 saying("close", {})});
    CHECK(scene.run({.sum = 5}) == RunEnd::ended);
    CHECK(scene.state().sum == 10);
}

TEST_CASE("10, 12: what is no channel of the state, or of another kind, does not compile") {
    CHECK(MaySetVerdict<ToyTurn>);
    CHECK_FALSE(MaySetLog<ToyTurn>);
    CHECK_FALSE(MaySetNumber<ToyTurn>);
}

TEST_CASE("11: a node is given the state to read only") {
    using Given = const State&;
    CHECK(std::is_invocable_v<NodeFunction<Toy>, Given, const ToyEvent&, const ToyContext&>);
    CHECK_FALSE(std::is_constructible_v<NodeFunction<Toy>,
                                        ToyTurn (*)(State&, const ToyEvent&, const ToyContext&)>);
}

TEST_CASE("15: a join waits for all of its sources, over several supersteps, and runs once") {
    std::vector<ToyNode> nodes{saying("begin", {"long", "short"}), saying("long", {"longer"}),
                               saying("longer", {"join"}),         saying("short", {"join"}),
                               saying("join", {"close"}),          saying("close", {})};
    nodes[4].shape.after = {"longer", "short"};
    Scene scene(std::move(nodes));
    CHECK(scene.run() == RunEnd::ended);
    CHECK(scene.log() == Words{"begin", "long", "short", "longer", "join", "close"});
}

TEST_CASE("15: who arrived at a join is remembered through a death of the process") {
    std::vector<ToyNode> nodes{
        saying("begin", {"slow", "short"}),
        saying("short", {"join"}),
        doing("slow", {"slower"},
              [](const State&, const ToyEvent&, const ToyContext&) { return ToyTurn().done(); }),
        doing("slower", {"join"},
              [](const State&, const ToyEvent& event, const ToyContext&) {
                  return std::holds_alternative<Entered>(event) ? ToyTurn().stay()
                                                                : ToyTurn().done();
              }),
        saying("join", {"close"}),
        saying("close", {})};
    nodes[4].shape.after = {"slower", "short"};
    Scene scene(std::move(nodes));
    CHECK(scene.run() == RunEnd::waits);
    CHECK(scene.progress().arrivals.at("join") == Words{"short"});
    CHECK(scene.die() == RunEnd::ended);
    CHECK(scene.log() == Words{"begin", "short", "join", "close"});
}

TEST_CASE("16: without a join a node that two ways of unequal length lead to runs twice") {
    Scene scene({saying("begin", {"long", "last"}), saying("long", {"last"}),
                 saying("last", {"close"}), saying("close", {})});
    CHECK(scene.run() == RunEnd::ended);
    CHECK(scene.log() == Words{"begin", "last", "long", "close", "last", "close"});
}

TEST_CASE("18: a choice is made by a node that has seen what it writes itself") {
    Scene scene({choosing("begin", {"yes", "no"},
                          [](const State& state, const ToyEvent& event, const ToyContext&) {
                              if (std::holds_alternative<Entered>(event)) {
                                  return ToyTurn()
                                      .set<&State::verdict>("yes")
                                      .append<&State::log>("asked")
                                      .command("look")
                                      .stay();
                              }
                              return ToyTurn()
                                  .append<&State::log>("saw " + state.verdict + " after " +
                                                       state.log.back())
                                  .to(state.verdict);
                          }),
                 saying("yes", {"close"}), saying("no", {"close"}), saying("close", {})});
    scene.world.reply = [](const std::string&) { return std::optional<std::string>("seen"); };
    CHECK(scene.run() == RunEnd::ended);
    CHECK(scene.log() == Words{"asked", "saw yes after asked", "yes", "close"});
}

TEST_CASE("19: a way that was not declared parks the thread before anything is written") {
    const auto to = [](std::string target) {
        return [target](const State&, const ToyEvent&, const ToyContext&) {
            ToyTurn turn;
            turn.append<&State::log>("lost").record("lost");
            return target.empty() ? turn.done() : turn.to(target);
        };
    };
    for (const auto& [target, why] : std::vector<std::pair<std::string, std::string>>{
             {"nowhere", "node begin leads to 'nowhere', not a successor"},
             {"far", "node begin leads to 'far', not a successor"},
             {"", "node begin does not say what comes next"}}) {
        CAPTURE(target);
        Scene scene({choosing("begin", {"close"}, to(target)), saying("far", {"begin"}),
                     choosing("close", {"far", "over"}, to("over")), saying("over", {})});
        CHECK(scene.run() == RunEnd::parked);
        CHECK(scene.progress().trouble == why);
        CHECK(scene.log().empty());
        CHECK(scene.world.kept.empty());
    }
    Scene scene({doing("begin", {"close"}, to("close")), saying("close", {})});
    CHECK(scene.run() == RunEnd::parked);
    CHECK(scene.progress().trouble == "node begin chooses, and may not");
}

TEST_CASE("20: a graph with an unknown, unreachable, endless or doubled node is not built") {
    CHECK(why_not_built({}) == "graph: a graph needs a node");
    CHECK(why_not_built({saying("a", {"b"})}) == "graph: node a leads to 'b', which is no node");
    CHECK(why_not_built({saying("a", {}), saying("b", {})}) == "graph: node b cannot be reached");
    CHECK(why_not_built({saying("a", {"b", "c"}), saying("b", {"b"}), saying("c", {})}) ==
          "graph: no end can be reached from node b");
    CHECK(why_not_built({saying("a", {"b"}), saying("b", {}), saying("b", {})}) ==
          "graph: node b stands twice");
    CHECK(why_not_built({saying("a|b", {})}) ==
          "graph: node name 'a|b' is not of the form [a-z][a-z0-9_]*");
    CHECK(why_not_built({saying("a", {"b", "b"}), saying("b", {})}) ==
          "graph: node a names a successor twice");
    std::vector<ToyNode> handled{saying("a", {"b"}), saying("b", {})};
    handled[0].shape.on_error = "nobody";
    CHECK(why_not_built(handled) == "graph: node a leads to 'nobody', which is no node");
}

TEST_CASE("20: a join that could wait for ever is not built") {
    std::vector<ToyNode> nodes = side_by_side({"a", "b"});
    nodes.back().shape.after = {"a"};
    CHECK(why_not_built(nodes).contains("are not exactly the two or more that it waits for"));
    nodes.back().shape.after = {"a", "b"};
    CHECK(why_not_built(nodes).empty());
    nodes[1].shape.successors = {"close", "b"};
    nodes[1].shape.is_choice = true;
    CHECK(why_not_built(nodes) ==
          "graph: node a may choose whether it leads to close, which waits for it");
}

TEST_CASE("20: a join is not built where an error could lead past it or straight into it") {
    std::vector<ToyNode> nodes = side_by_side({"a", "b"});
    nodes.back().shape.after = {"a", "b"};
    nodes.insert(nodes.end() - 1, saying("mend", {"over"}));
    nodes.back().shape = {.name = "close", .successors = {"over"}, .after = {"a", "b"}};
    nodes.push_back(saying("over", {}));
    nodes[1].shape.on_error = "mend";
    CHECK(why_not_built(nodes) ==
          "graph: an error may lead from node a past close, which waits for it");
    nodes[1].shape.on_error = {};
    nodes[0].shape.on_error = "mend";
    CHECK(why_not_built(nodes).empty());
    nodes[0].shape.on_error = "close";
    nodes.erase(nodes.begin() + 3);
    CHECK(why_not_built(nodes) ==
          "graph: an error may lead from node begin straight into close, which waits for others");
}

TEST_CASE("20: a join that waits twice for the same node, or for itself, is not built") {
    std::vector<ToyNode> nodes = side_by_side({"a", "b"});
    nodes.back().shape.after = {"a", "b", "b"};
    CHECK(why_not_built(nodes).contains("are not exactly the two or more that it waits for"));
    nodes.back().shape = {
        .name = "close", .successors = {"close", "over"}, .after = {"a", "b", "close"}};
    nodes.push_back(saying("over", {}));
    CHECK(why_not_built(nodes) == "graph: node close waits for itself");
}

TEST_CASE("20, 41: a node that is paused before is not one to which an error leads") {
    std::vector<ToyNode> nodes = one_node(look_and_wait);
    nodes.push_back(saying("mend", {"close"}));
    nodes[0].shape.on_error = "mend";
    CHECK(why_not_built(nodes).empty());
    nodes[2].shape.pauses_before = true;
    CHECK(why_not_built(nodes) ==
          "graph: node mend deals with an error of node work: it cannot be paused before");
}

TEST_CASE("60: a graph is drawn with what acts, what asks and what is chosen marked") {
    std::vector<ToyNode> nodes{choosing("guard", {"act", "approve"}, {}),
                               doing("act", {"close"}, {}, NodeKind::act),
                               asking("approve", {"act"}, "may I?"), saying("close", {})};
    for (ToyNode& node : nodes) {
        node.run = nodes.back().run;
    }
    nodes[1].shape.on_error = "close";
    CHECK(to_mermaid(graph_of(std::move(nodes)).shape()) ==
          "flowchart TD\n"
          "    guard[guard]\n"
          "    act{{act}}\n"
          "    approve[/approve/]\n"
          "    close([close])\n"
          "    guard -.-> act\n"
          "    guard -.-> approve\n"
          "    act --> close\n"
          "    act -. error .-> close\n"
          "    approve --> act\n");
}

}  // namespace homeostat::graph
