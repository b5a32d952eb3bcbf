#pragma once

// Scene: a thread of a small graph, a store, and a world that answers at once, later or never.
//
// Pure. For tests only.

#include "homeostat/graph/domain_for_test.hpp"
#include "homeostat/graph/memory_store.hpp"
#include "homeostat/graph/runner.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph::for_test {

struct ToyWorld {
    Instant at{instant_of_ns(1'000'000'000)};
    Nothing nothing;
    std::vector<std::string> performed;
    std::vector<std::string> kept;
    bool drains{false};
    bool simulates{false};
    /// What a command brings at once; nothing: the reply never comes by itself.
    std::function<std::optional<std::string>(const std::string&)> reply = [](const std::string&) {
        return std::optional<std::string>();
    };

    [[nodiscard]] Instant now() const { return at; }
    [[nodiscard]] const Nothing& around() const { return nothing; }
    std::optional<std::string> perform(std::string command) {
        performed.push_back(command);
        return reply(command);
    }
    void keep(std::string record) { kept.push_back(std::move(record)); }
    [[nodiscard]] bool is_draining() const { return drains; }
    [[nodiscard]] bool is_simulated() const { return simulates; }
};

using ToyRunner = Runner<Toy, ToyWorld>;

inline ToyGraph graph_of(std::vector<ToyNode> nodes, Limits limits = {}) {
    Result<ToyGraph> graph = ToyGraph::build("toy", std::move(nodes), limits);
    ensure(graph.has_value(), graph ? "" : graph.error().text);
    return std::move(*graph);
}

/// A graph with a thread "t-1" on it, a world and a store that outlives the runner.
struct Scene {
    explicit Scene(std::vector<ToyNode> nodes, Limits limits = {})
        : graph(graph_of(std::move(nodes), limits)),
          runner(*ToyRunner::over(graph, &store, world)) {}
    ~Scene() = default;
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;

    /// Starts the thread and runs it until it waits.
    RunEnd run(State state = {}) {
        const Result<void> started = runner.start("t-1", std::move(state));
        ensure(started.has_value(), started ? "" : started.error().text);
        return go_on();
    }
    RunEnd go_on() {
        const Result<RunEnd> end = runner.run();
        ensure(end.has_value(), end ? "" : end.error().text);
        return *end;
    }
    /// Takes an input, which has to fit, and runs on.
    RunEnd take(const Input<Toy>& input) {
        const Result<void> taken = runner.take(input);
        ensure(taken.has_value(), taken ? "" : taken.error().text);
        return go_on();
    }
    /// The process ends; a new one goes on with the thread.
    RunEnd die() {
        runner = *ToyRunner::over(graph, &store, world);
        const Result<void> opened = runner.open("t-1");
        ensure(opened.has_value(), opened ? "" : opened.error().text);
        return go_on();
    }
    void pass(Duration time) { world.at += time; }
    [[nodiscard]] std::uint64_t commits_count() const { return runner.thread().commits_count; }
    [[nodiscard]] const State& state() const { return runner.thread().state; }
    [[nodiscard]] const std::vector<std::string>& log() const { return state().log; }
    [[nodiscard]] const Progress<Toy>& progress() const { return runner.thread().progress; }

    MemoryStore store;
    ToyWorld world;
    ToyGraph graph;
    ToyRunner runner;
};

}  // namespace homeostat::graph::for_test
