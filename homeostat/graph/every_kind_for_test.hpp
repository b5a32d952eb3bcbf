#pragma once

// A graph with every kind of node and edge, whose nodes do at each turn what chance says: chance is
// what they read from around them, so that the same input has the same effect.
//
// Pure. For tests only.

#include "homeostat/base/rng.hpp"
#include "homeostat/graph/domain_for_test.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::graph::for_test {

struct Chance {
    std::uint64_t number{0};
};

/// Toy, in a world of chance. What is recorded: "resumed", and the task.
struct Lot : Toy {
    using Around = Chance;
};

using LotTurn = Turn<Lot>;
using LotEvent = Event<Lot>;
using LotContext = Context<Lot>;
using LotNode = Node<Lot>;
using LotGraph = StateGraph<Lot>;

inline std::uint64_t drawn(const LotContext& context, std::string_view purpose) {
    return Rng(context.around.number ^ context.task).fork(purpose).next();
}

inline std::string place_of(const LotContext& context) {
    return std::to_string(context.task) + "/" + std::to_string(context.attempt);
}

/// Writes something, or not; now and then to a value that takes one write.
inline void write_by_lot(LotTurn& turn, const LotContext& context) {
    const std::uint64_t number = drawn(context, "write");
    if (number % 4 == 0) {
        turn.append<&State::log>(place_of(context));
    }
    if (number % 4 == 1) {
        turn.fold<&State::sum>(static_cast<std::uint32_t>(number >> 60U));
    }
    if (number % 16 == 2) {
        turn.set<&State::verdict>(place_of(context));
    }
}

/// Goes on, mostly; or fails, or waits, for a message or for a time. The argument is a turn of
/// `ends`: how a node of this kind goes on.
inline LotTurn turn_by_lot(const LotContext& context, LotTurn& (*ends)(LotTurn&)) {
    LotTurn turn;
    write_by_lot(turn, context);
    const std::uint64_t number = drawn(context, "end");
    switch (number % 8) {
        case 0:
            return turn.fail("by lot");
        case 1:
            return turn.stay();
        case 2:
            return turn.stay_until(context.now + std::chrono::seconds{number >> 58U});
        default:
            return ends(turn);
    }
}

inline LotTurn think(const State&, const LotEvent&, const LotContext& context) {
    return turn_by_lot(context, [](LotTurn& turn) -> LotTurn& { return turn.done(); });
}

/// Acts when it is entered, looks when it is resumed, and does neither otherwise.
inline LotTurn act(const State&, const LotEvent& event, const LotContext& context) {
    if (std::holds_alternative<Entered>(event)) {
        return LotTurn().command("do " + place_of(context)).stay();
    }
    if (std::holds_alternative<Resumed>(event)) {
        return LotTurn()
            .record("resumed " + std::to_string(context.task))
            .command("look " + place_of(context))
            .stay();
    }
    return turn_by_lot(context, [](LotTurn& turn) -> LotTurn& { return turn.done(); });
}

/// Fails now and then; once in a long while it does what an ask node may not.
inline LotTurn hear(const State&, const LotEvent&, const LotContext& context) {
    LotTurn turn;
    write_by_lot(turn, context);
    const std::uint64_t number = drawn(context, "end");
    return number % 32 == 0 ? turn.stay() : number % 8 == 0 ? turn.fail("by lot") : turn.done();
}

inline LotTurn choose(const State&, const LotEvent&, const LotContext& context) {
    LotTurn turn;
    write_by_lot(turn, context);
    const std::uint64_t number = drawn(context, "choice");
    switch (number % 8) {
        case 0:
            return turn.to("act").to("approve");
        case 1:
            return turn.send("work", {1}).send("work", {2}).send("work", {3}).to("act");
        case 2:
            return turn.to("split");
        case 3:
            return turn.send("approve", {1}).send("approve", {2});
        case 4:
            return turn.to("pausing").to("work");
        case 5:
            return turn.to("act").send("act", {1}).to("split");
        case 6:
            return number % 64 < 8 ? turn.to("nowhere") : turn.to("split").to("approve");
        default:
            return turn.to("close");
    }
}

/// Toys that answer are taken by any node that asks.
inline LotNode lot_node(std::string name,
                        NodeKind kind,
                        std::vector<std::string> successors,
                        NodeFunction<Lot> run,
                        std::string on_error = {}) {
    LotNode node{.shape = {.name = std::move(name),
                           .kind = kind,
                           .successors = std::move(successors),
                           .on_error = std::move(on_error)},
                 .run = std::move(run)};
    if (kind == NodeKind::ask) {
        node.ask = Ask<Lot>{
            .question = [](const State&,
                           const LotContext& context) { return Question{place_of(context)}; },
            .check =
                [](const Question&, const Approval& answer) {
                    return answer.by.empty() ? fail(Fault::invalid, "it says not who")
                                             : Result<void>();
                },
            .silence_for_max = std::chrono::minutes{10}};
    } else {
        node.policy = {.attempts_max = 3,
                       .wait_first = std::chrono::seconds{1},
                       .attempt_for_max = std::chrono::minutes{2},
                       .idle_for_max = std::chrono::minutes{1}};
    }
    return node;
}

/// No wait of it is longer than that for an answer.
constexpr Duration lot_wait_max = std::chrono::minutes{10};

inline LotGraph lot_graph() {
    using enum NodeKind;
    std::vector<LotNode> nodes{
        lot_node("round", think, {"act", "approve", "work", "split", "pausing", "close"}, choose),
        lot_node("act", NodeKind::act, {"round"}, for_test::act, "mend"),
        lot_node("approve", ask, {"round"}, hear, "mend"),
        lot_node("work", think, {"round"}, for_test::think, "ask_mend"),
        lot_node("split", think, {"left", "right"}, for_test::think),
        lot_node("left", think, {"join"}, for_test::think),
        lot_node("right", think, {"far_right"}, for_test::think),
        lot_node("far_right", NodeKind::act, {"join"}, for_test::act),
        lot_node("join", think, {"round"}, for_test::think),
        lot_node("pausing", NodeKind::act, {"round"}, for_test::act),
        lot_node("mend", think, {"round"}, for_test::think),
        lot_node("ask_mend", ask, {"round"}, hear),
        lot_node("close", end, {}, hear)};
    nodes[0].shape.is_choice = true;
    nodes[8].shape.after = {"far_right", "left"};
    nodes[9].shape.pauses_before = true;
    Result<LotGraph> graph =
        LotGraph::build("lot", std::move(nodes), {.tasks_max = 8, .deaths_max = 3});
    ensure(graph.has_value(), graph ? "" : graph.error().text);
    return std::move(*graph);
}

}  // namespace homeostat::graph::for_test
