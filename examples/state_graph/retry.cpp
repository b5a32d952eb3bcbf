// A transfer that the bank refuses is tried again after 1, 2 and 4 seconds, and then handed to the
// node for errors. The process ends between two attempts; neither their count nor the time of the
// next is lost. The clock is this program's own.

#include "homeostat/graph/memory_store.hpp"
#include "homeostat/graph/runner.hpp"

#include <chrono>
#include <iostream>
#include <string>

using namespace homeostat;
using namespace homeostat::graph;

namespace {

struct Bank {
    struct State {
        std::vector<std::string> notes;
        static constexpr auto channels() { return std::tuple{Append<&State::notes>{"notes"}}; }
    };
    enum class Command : std::uint8_t { transfer, look };
    enum class Message : std::uint8_t { done, refused };
    using Argument = Nothing;
    using Record = Nothing;
    using Question = Nothing;
    using Answer = Nothing;
    using Around = Nothing;
};

Turn<Bank> transfer(const Bank::State&, const Event<Bank>& event, const Context<Bank>& context) {
    const std::string attempt = "attempt " + std::to_string(context.attempt);
    const auto* heard = std::get_if<Bank::Message>(&event);
    if (heard == nullptr) {
        const bool is_unknown = std::holds_alternative<Resumed>(event);
        return Turn<Bank>()
            .append<&Bank::State::notes>(attempt +
                                         " begins")  // Dropped with an attempt that fails.
            .command(is_unknown ? Bank::Command::look : Bank::Command::transfer)
            .stay();
    }
    return *heard == Bank::Message::done ? Turn<Bank>().done()
                                         : Turn<Bank>().fail("the bank refused " + attempt);
}

Turn<Bank> call_person(const Bank::State&, const Event<Bank>&, const Context<Bank>& context) {
    return Turn<Bank>()
        .append<&Bank::State::notes>(context.failure->node + " failed: " + context.failure->because)
        .done();
}

Turn<Bank> finish(const Bank::State&, const Event<Bank>&, const Context<Bank>&) {
    return Turn<Bank>().done();
}

Result<StateGraph<Bank>> bank_graph() {
    const Policy policy{.attempts_max = 4, .wait_first = std::chrono::seconds{1}};
    return StateGraph<Bank>::build(
        "bank", {{.shape = {.name = "transfer",
                            .kind = NodeKind::act,
                            .successors = {"finish"},
                            .on_error = "call_person"},
                  .run = transfer,
                  .policy = policy},
                 {.shape = {.name = "call_person", .successors = {"finish"}}, .run = call_person},
                 {.shape = {.name = "finish", .kind = NodeKind::end}, .run = finish}});
}

struct World {
    Instant at{};
    Nothing nothing{};

    [[nodiscard]] Instant now() const { return at; }
    [[nodiscard]] const Nothing& around() const { return nothing; }
    [[nodiscard]] std::optional<Bank::Message> perform(Bank::Command command) const {
        std::cout << to_seconds(at.time_since_epoch())
                  << (command == Bank::Command::look ? " s: look\n" : " s: transfer\n");
        return Bank::Message::refused;
    }
    static void keep(Nothing) {}
    static bool is_draining() { return false; }
    static bool is_simulated() { return false; }
};

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): what an example does not expect may end it.
int main() {
    const StateGraph<Bank> graph = bank_graph().value();
    MemoryStore store;
    World world;
    auto runner = Runner<Bank, World>::over(graph, &store, world).value();
    runner.start("bank-1", {}).value();
    while (runner.run() == RunEnd::waits) {
        const Instant due_at = graph.due_at(runner.thread()).value();
        world.at += (due_at - world.at) / 2;
        std::cout << to_seconds(world.at.time_since_epoch()) << " s: another process goes on\n";
        runner = Runner<Bank, World>::over(graph, &store, world).value();
        runner.open("bank-1").value();
        world.at = graph.due_at(runner.thread()).value();
    }
    for (const std::string& note : runner.thread().state.notes) {
        std::cout << note << "\n";
    }
}
