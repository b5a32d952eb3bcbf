// One node that ends at once, on what is installed.

#include "homeostat/graph/memory_store.hpp"
#include "homeostat/graph/state_graph.hpp"

#include <iostream>

using namespace homeostat::graph;

struct Counting {
    struct State {
        unsigned count{0};
        static constexpr auto channels() { return std::tuple{LastValue<&State::count>{"count"}}; }
    };
    using Argument = Nothing;
    using Message = int;
    using Command = int;
    using Record = int;
    using Question = Nothing;
    using Answer = Nothing;
    using Around = Nothing;
};

int main() {
    const auto count = [](const Counting::State& state, const auto&, const auto&) {
        return Turn<Counting>().set<&Counting::State::count>(state.count + 1).done();
    };
    const StateGraph<Counting> graph =
        StateGraph<Counting>::build("counting", {{.shape = {"count", NodeKind::end}, .run = count}})
            .value();
    MemoryStore store;
    const auto first = graph.start("t-1", {41}, {});
    store.append(first.commit, store.claim("t-1").value(), Durability::synced).value();
    const auto thread = graph.load(store.read("t-1", 0).value()).value();
    const auto next = graph.advance(thread, Go{}, {{}, Nothing{}}).value();
    std::cout << std::get<0>(next.delta.writes.front()).value << "\n";
}
