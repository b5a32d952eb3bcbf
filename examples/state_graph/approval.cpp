// A valve is opened only after a person said yes. Nothing said within ten minutes is a no.
//
// The answers come from stdin; its end lets the ten minutes pass, on a clock of this program's own.

#include "homeostat/graph/memory_store.hpp"
#include "homeostat/graph/runner.hpp"

#include <chrono>
#include <iostream>
#include <string>

using namespace homeostat;
using namespace homeostat::graph;

namespace {

struct Valve {  // The domain: the types that this graph deals in.
    struct State {
        std::string decision;
        static constexpr auto channels() {
            return std::tuple{LastValue<&State::decision>{"decision"}};
        }
    };
    struct Answer {
        std::string word;
        std::string by;
        static void fields(auto& self, auto&& field) {
            field("word", self.word);
            field("by", self.by);
        }
    };
    enum class Command : std::uint8_t { open, look };
    enum class Message : std::uint8_t { is_open, is_shut };
    using Question = std::string;
    using Argument = Nothing;
    using Record = Nothing;
    using Around = Nothing;
};

Turn<Valve> approve(const Valve::State&, const Event<Valve>& event, const Context<Valve>&) {
    const Valve::Answer& answer = std::get<Answered<Valve>>(event).answer;
    return Turn<Valve>()
        .set<&Valve::State::decision>(answer.word + ", by " + answer.by)
        .to(answer.word == "yes" ? "open_valve" : "leave");
}

Turn<Valve> open_valve(const Valve::State&, const Event<Valve>& event, const Context<Valve>&) {
    const auto* heard = std::get_if<Valve::Message>(&event);
    if (heard != nullptr && *heard == Valve::Message::is_open) {
        return Turn<Valve>().done();
    }
    // A process that ended may have asked for it already.
    const bool looks = std::holds_alternative<Resumed>(event);
    return Turn<Valve>().command(looks ? Valve::Command::look : Valve::Command::open).stay();
}

Turn<Valve> leave(const Valve::State&, const Event<Valve>&, const Context<Valve>&) {
    return Turn<Valve>().done();
}

Result<StateGraph<Valve>> valve_graph() {
    Ask<Valve> ask;
    ask.question = [](const auto&, const auto&) { return std::string("Open the valve?"); };
    ask.check = [](const auto&, const Valve::Answer& answer) {
        return answer.word == "yes" || answer.word == "no" ? Result<void>()
                                                           : fail(Fault::invalid, "say yes or no");
    };
    ask.by_silence = {"no", "silence"};
    ask.silence_for_max = std::chrono::minutes{10};
    return StateGraph<Valve>::build(
        "valve", {{.shape = {.name = "approve",
                             .kind = NodeKind::ask,
                             .successors = {"open_valve", "leave"},
                             .is_choice = true},
                   .run = approve,
                   .ask = ask},
                  {.shape = {.name = "open_valve", .kind = NodeKind::act, .successors = {"leave"}},
                   .run = open_valve},
                  {.shape = {.name = "leave", .kind = NodeKind::end}, .run = leave}});
}

struct World {
    Instant at{};
    Nothing nothing{};
    bool is_open{false};

    [[nodiscard]] Instant now() const { return at; }
    [[nodiscard]] const Nothing& around() const { return nothing; }
    std::optional<Valve::Message> perform(Valve::Command command) {
        std::cout << (command == Valve::Command::open ? "The valve opens.\n" : "We look.\n");
        is_open = is_open || command == Valve::Command::open;
        return is_open ? Valve::Message::is_open : Valve::Message::is_shut;
    }
    static void keep(Nothing) {}
    static bool is_draining() { return false; }
    static bool is_simulated() { return false; }
};

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): what an example does not expect may end it.
int main() {
    const StateGraph<Valve> graph = valve_graph().value();
    MemoryStore store;
    World world;
    auto runner = Runner<Valve, World>::over(graph, &store, world).value();
    runner.start("valve-1", {}).value();
    while (runner.run() == RunEnd::waits) {
        std::cout << runner.thread().progress.tasks.front().question->question << "\n";
        Valve::Answer answer;
        if (std::cin >> answer.word >> answer.by) {
            const Result<void> took = runner.take(Reply<Valve>{answer});
            std::cout << (took ? "" : took.error().text + "\n");
        } else {
            world.at = graph.due_at(runner.thread()).value();
        }
    }
    std::cout << "Decision: " << runner.thread().state.decision << "\n";
}
