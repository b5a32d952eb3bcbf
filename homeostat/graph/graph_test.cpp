// The graph with a toy domain: a switch that has to be thrown exactly once. The world counts how
// often it was; the process "dies" at every point where it can.

#include "homeostat/graph/graph.hpp"

#include "homeostat/graph/crank.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph {

namespace {

using namespace std::chrono_literals;

struct Toy {
    struct State {
        std::optional<std::string> pending;  // The effect whose outcome is not written yet.
        std::uint32_t effects_count{0};
        static void fields(auto& self, auto&& field) {
            field("pending", self.pending);
            field("effects_count", self.effects_count);
        }
    };
    struct Done {};
    struct World {
        bool is_thrown;
    };
    using Message = std::variant<Done, World>;
    struct Throw {};
    struct Look {};
    using Command = std::variant<Throw, Look>;
    using Record = std::string;
    struct Around {};
};

Turn<Toy> decide(Toy::State state, const Event<Toy>&, const Context<Toy>&) {
    return {.state = std::move(state), .next = "act"};
}

// Entered: intent, then the command. A lost reply: look at the world first.
Turn<Toy> act(Toy::State state, const Event<Toy>& event, const Context<Toy>&) {
    if (std::holds_alternative<Resumed>(event)) {
        return {.state = std::move(state), .commands = {Toy::Look{}}};
    }
    if (const auto* message = std::get_if<Toy::Message>(&event)) {
        const auto* world = std::get_if<Toy::World>(message);
        const bool is_done = world == nullptr || world->is_thrown;
        state.pending.reset();
        if (is_done) {
            return {.state = std::move(state), .next = "close", .records = {"outcome done"}};
        }
    }
    state.effects_count += 1;
    state.pending = "e" + std::to_string(state.effects_count);
    return {.state = std::move(state), .records = {"intent"}, .commands = {Toy::Throw{}}};
}

Turn<Toy> close(Toy::State state, const Event<Toy>&, const Context<Toy>&) {
    return {.state = std::move(state), .records = {"closed"}};
}

std::vector<Node<Toy>> toy_nodes() {
    return {{{"decide", NodeKind::think, {"act"}}, decide},
            {{"act", NodeKind::act, {"close"}}, act},
            {{"close", NodeKind::end, {}}, close}};
}

// The world outlives the process. Its log is the only thing that a new process knows.
struct ToyWorld {
    std::vector<std::string> records;
    std::vector<json::value> checkpoints;
    int thrown_count{0};
    int points_left{0};  // The process dies when this reaches zero.
    bool is_dead{false};

    bool dies_here() {
        is_dead = is_dead || --points_left <= 0;
        return is_dead;
    }
    bool commit(const Thread<Toy>& thread, const std::vector<std::string>& added) {
        if (dies_here()) {
            return false;  // Before the write.
        }
        records.insert(records.end(), added.begin(), added.end());
        checkpoints.push_back(to_json(thread));
        return !dies_here();  // After the write.
    }
    std::optional<Toy::Message> perform(Toy::Command command) {
        if (dies_here()) {
            return std::nullopt;  // Before the effect.
        }
        if (std::holds_alternative<Toy::Look>(command)) {
            return Toy::World{thrown_count > 0};
        }
        thrown_count += 1;
        return dies_here() ? std::nullopt : std::optional<Toy::Message>(Toy::Done{});
    }
};

Thread<Toy> run_once(const Graph<Toy>& graph, ToyWorld& world) {
    const Toy::Around around;
    const Context<Toy> context{Instant{}, around};
    Thread<Toy> thread = graph.start("t-1", {});
    Event<Toy> event = Entered{};
    if (!world.checkpoints.empty()) {
        thread = *from_json<Thread<Toy>>(world.checkpoints.back());
        event = *graph.event_after_restart(thread);
    }
    if (thread.has_ended) {
        return thread;
    }
    return *crank(graph, std::move(thread), event, world, context);
}

/// `decide` leads to itself for ever.
std::vector<Node<Toy>> looping_nodes() {
    std::vector<Node<Toy>> nodes = toy_nodes();
    nodes[0].shape.successors = {"decide", "act"};
    nodes[0].run = [](Toy::State state, const Event<Toy>&, const Context<Toy>&) {
        return Turn<Toy>{.state = std::move(state), .next = "decide"};
    };
    return nodes;
}

/// How many steps it takes, 20,000 at most, or why it is stopped before. `thread` and `now` are as
/// they are after the last step.
Result<std::uint32_t> steps_until_stopped(const Graph<Toy>& graph,
                                          Thread<Toy>& thread,
                                          Instant& now,
                                          Duration step_takes) {
    const Toy::Around around;
    std::uint32_t count = 0;
    for (; count < 20'000; ++count, now += step_takes) {
        Result<Advance<Toy>> advance = graph.advance(thread, Entered{}, {now, around});
        if (!advance) {
            return std::unexpected(advance.error());
        }
        thread = std::move(advance->thread);
    }
    return count;
}

std::string refusal_of(std::vector<Node<Toy>> nodes) {
    const Result<Graph<Toy>> graph = Graph<Toy>::build("toy", std::move(nodes));
    return graph ? "built" : graph.error().text;
}

}  // namespace

TEST_CASE("a thread killed at any point, twice, ends with exactly one effect") {
    const Graph<Toy> graph = *Graph<Toy>::build("toy", toy_nodes());
    for (int first = 1; first <= 14; ++first) {
        for (int second = 1; second <= 14; ++second) {
            CAPTURE(first);
            CAPTURE(second);
            ToyWorld world;
            for (const int points : {first, second, 1'000}) {
                world.points_left = points;
                world.is_dead = false;
                (void)run_once(graph, world);
            }
            CHECK(world.thrown_count == 1);
            CHECK(world.records.back() == "closed");
            const auto intents = std::ranges::count(world.records, "intent");
            CHECK(intents >= world.thrown_count);
        }
    }
}

TEST_CASE("an effect never happens when its intent could not be written") {
    const Graph<Toy> graph = *Graph<Toy>::build("toy", toy_nodes());
    ToyWorld world;
    world.points_left = 3;  // decide's commit takes two points; the third is before act's write.
    (void)run_once(graph, world);
    CHECK(world.thrown_count == 0);
    CHECK(std::ranges::count(world.records, "intent") == 0);
}

TEST_CASE("a checkpoint of another graph is refused") {
    const Graph<Toy> graph = *Graph<Toy>::build("toy", toy_nodes());
    std::vector<Node<Toy>> nodes = toy_nodes();
    nodes[0].shape.kind = NodeKind::ask;
    const Graph<Toy> other = *Graph<Toy>::build("toy", std::move(nodes));
    const Result<Event<Toy>> event = other.event_after_restart(graph.start("t-1", {}));
    REQUIRE_FALSE(event);
    CHECK(event.error().text.find("needs a person") != std::string::npos);
}

TEST_CASE("a node that names a successor it did not declare stops the thread as it was") {
    std::vector<Node<Toy>> nodes = toy_nodes();
    nodes[0].run = [](Toy::State state, const Event<Toy>&, const Context<Toy>&) {
        return Turn<Toy>{.state = std::move(state), .next = "close"};
    };
    const Graph<Toy> graph = *Graph<Toy>::build("toy", std::move(nodes));
    const Toy::Around around;
    const auto advance =
        graph.advance(graph.start("t-1", {}), Entered{}, Context<Toy>{Instant{}, around});
    REQUIRE_FALSE(advance);
    CHECK(advance.error().text == "node decide leads to 'close', not a successor");
}

TEST_CASE("a thread that spins is stopped, also on a clock that runs backwards, and says so") {
    const Graph<Toy> graph = *Graph<Toy>::build("toy", looping_nodes());
    // The last spins more slowly, but still so fast that no wait of ours would explain it.
    for (const Duration step_takes : {Duration{}, Duration{-1min}, Duration{50ms}}) {
        CAPTURE(to_seconds(step_takes));
        Thread<Toy> thread = graph.start("t-1", {});
        Instant now{1'000h};
        Result<std::uint32_t> made = steps_until_stopped(graph, thread, now, step_takes);
        REQUIRE_FALSE(made);
        CHECK(made.error().text == "thread t-1 spins: 2000 steps within 120 s");
        // What was read from the checkpoint is stopped as well: the count is part of it.
        thread = *from_json<Thread<Toy>>(to_json(thread));
        CHECK_FALSE(graph.advance(thread, Entered{}, {now, Toy::Around{}}));
    }
}

TEST_CASE("a thread that waits between its steps is never stopped") {
    const Graph<Toy> graph = *Graph<Toy>::build("toy", looping_nodes());
    for (const Duration step_takes : {Duration{100ms}, Duration{1min}, Duration{1h}}) {
        CAPTURE(to_seconds(step_takes));
        Thread<Toy> thread = graph.start("t-1", {});
        Instant now{1'000h};
        const Result<std::uint32_t> made = steps_until_stopped(graph, thread, now, step_takes);
        CHECK(made == 20'000U);
    }
}

TEST_CASE("a checkpoint from before steps were counted per span is read, and has none behind it") {
    const Graph<Toy> graph = *Graph<Toy>::build("toy", looping_nodes());
    json::value old = to_json(graph.start("t-1", {}));
    old.as_object()["steps_count"] = 2'000;
    old.as_object().erase("steps_since");
    const Result<Thread<Toy>> thread = from_json<Thread<Toy>>(old);
    REQUIRE(thread);
    const auto advance = graph.advance(*thread, Entered{}, {Instant{1h}, Toy::Around{}});
    REQUIRE(advance);
    CHECK(advance->thread.pace.steps_count == 1);
}

TEST_CASE("a graph with a broken shape is not built, and the node is named") {
    const auto broken = [](auto&& change) {
        std::vector<Node<Toy>> nodes = toy_nodes();
        change(nodes);
        return refusal_of(std::move(nodes));
    };
    CHECK(refusal_of(toy_nodes()) == "built");
    CHECK(refusal_of({}) == "graph: a graph needs a node");
    CHECK(broken([](auto& nodes) { nodes[1].shape.name = "decide"; }) ==
          "graph: node decide stands twice");
    CHECK(broken([](auto& nodes) { nodes[0].shape.successors = {"gone"}; }) ==
          "graph: node decide leads to 'gone', which is no node");
    CHECK(broken([](auto& nodes) { nodes[0].shape.successors = {"close"}; }) ==
          "graph: node act cannot be reached");
    CHECK(broken([](auto& nodes) {
              nodes.push_back({{"loop", NodeKind::think, {"loop"}}, decide});
              nodes[0].shape.successors.push_back("loop");
          }) == "graph: no end can be reached from node loop");
    CHECK(broken([](auto& nodes) { nodes[2].shape.kind = NodeKind::ask; }) ==
          "graph: node close: an end has no successor, every other node has one");
    CHECK(broken([](auto& nodes) { nodes[0].shape.name = "De|cide"; }) ==
          "graph: node name 'De|cide' is not of the form [a-z_]+");
}

TEST_CASE("the drawing shows every node with its kind and every edge") {
    const Graph<Toy> graph = *Graph<Toy>::build("toy", toy_nodes());
    CHECK(to_mermaid(graph.shape()) ==
          "flowchart TD\n    decide[decide]\n    act{{act}}\n    close([close])\n"
          "    decide --> act\n    act --> close\n");
}

}  // namespace homeostat::graph
