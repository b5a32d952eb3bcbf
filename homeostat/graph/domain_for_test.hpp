#pragma once

// A small domain for the tests of the graph, and nodes of it.
//
// Pure. For tests only.

#include "homeostat/graph/state_graph.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace homeostat::graph::for_test {

struct State {
    std::string verdict;
    std::uint32_t rounds_count{0};
    std::vector<std::string> log;
    std::uint32_t sum{0};

    static constexpr auto channels() {
        return std::tuple{LastValue<&State::verdict>{"verdict"},
                          LastValue<&State::rounds_count>{"rounds_count"},
                          Append<&State::log>{"log"}, Folded<&State::sum, std::plus<>>{"sum"}};
    }
    friend bool operator==(const State&, const State&) = default;
};

struct Number {
    std::uint32_t number{0};
    static void fields(auto& self, auto&& field) { field("number", self.number); }
};

struct Approval {
    bool is_yes{false};
    std::string by;
    static void fields(auto& self, auto&& field) {
        field("is_yes", self.is_yes);
        field("by", self.by);
    }
};

struct Question {
    std::string text;
    static void fields(auto& self, auto&& field) { field("text", self.text); }
};

struct Toy {
    using State = for_test::State;
    using Argument = Number;
    using Message = std::string;
    using Command = std::string;
    using Record = std::string;
    using Question = for_test::Question;
    using Answer = Approval;
    using Around = Nothing;
};

using ToyTurn = Turn<Toy>;
using ToyEvent = Event<Toy>;
using ToyContext = Context<Toy>;
using ToyNode = Node<Toy>;
using ToyGraph = StateGraph<Toy>;

/// Adds its own name to the log and goes on.
inline ToyNode saying(std::string name, std::vector<std::string> successors) {
    const std::string word = name;
    const NodeKind kind = successors.empty() ? NodeKind::end : NodeKind::think;
    return {.shape = {.name = std::move(name), .kind = kind, .successors = std::move(successors)},
            .run = [word](const State&, const ToyEvent&, const ToyContext&) {
                return ToyTurn().append<&State::log>(word).done();
            }};
}

/// Does what `run` says; chooses between its successors.
inline ToyNode choosing(std::string name,
                        std::vector<std::string> successors,
                        NodeFunction<Toy> run) {
    return {
        .shape = {.name = std::move(name), .successors = std::move(successors), .is_choice = true},
        .run = std::move(run)};
}

inline ToyNode doing(std::string name,
                     std::vector<std::string> successors,
                     NodeFunction<Toy> run,
                     NodeKind kind = NodeKind::think) {
    return {.shape = {.name = std::move(name), .kind = kind, .successors = std::move(successors)},
            .run = std::move(run)};
}

/// Asks `text`; the log says who answered what.
inline ToyNode asking(std::string name, std::vector<std::string> successors, std::string text) {
    ToyNode node = doing(
        std::move(name), std::move(successors),
        [](const State&, const ToyEvent& event, const ToyContext&) {
            const auto& answered = std::get<Answered<Toy>>(event);
            const std::string word = answered.answer.is_yes ? "yes" : "no";
            const std::string by = answered.is_by_silence ? "silence" : answered.answer.by;
            return ToyTurn().append<&State::log>(word + " by " + by).done();
        },
        NodeKind::ask);
    node.ask = Ask<Toy>{.question = [text = std::move(text)](
                                        const State&, const ToyContext&) { return Question{text}; },
                        .check =
                            [](const Question&, const Approval& answer) {
                                return answer.by.empty() ? fail(Fault::invalid, "it says not who")
                                                         : Result<void>();
                            },
                        .silence_for_max = std::chrono::minutes{10}};
    return node;
}

/// Asks the world for something and waits.
inline ToyTurn look_and_wait(const State&, const ToyEvent& event, const ToyContext& context) {
    const std::string attempt = std::to_string(context.attempt);
    if (std::holds_alternative<Entered>(event)) {
        return ToyTurn().command("act " + attempt).stay();
    }
    if (std::holds_alternative<Resumed>(event)) {
        return ToyTurn().command("look " + attempt).stay();
    }
    if (std::holds_alternative<Woken>(event)) {
        return ToyTurn().stay();
    }
    return ToyTurn().append<&State::log>("heard in " + attempt).done();
}

/// One act node in which everything happens, and the end.
inline std::vector<ToyNode> one_node(NodeFunction<Toy> run, Policy policy = {}) {
    std::vector<ToyNode> nodes{doing("work", {"close"}, std::move(run), NodeKind::act),
                               saying("close", {})};
    nodes[0].policy = policy;
    return nodes;
}

}  // namespace homeostat::graph::for_test
