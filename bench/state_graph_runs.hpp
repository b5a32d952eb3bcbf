#pragma once

// What the workloads of state_graph_bench share: a world in which nothing happens and the measuring
// of whole runs.

#include "homeostat/base/binary.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/graph/memory_store.hpp"
#include "homeostat/graph/runner.hpp"

#include "bench/state_graph_stores.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph::bench {

/// No time passes, nobody is asked, nothing happens.
template <class D>
struct StillWorld {
    Nothing nothing;

    [[nodiscard]] static Instant now() { return instant_of_ns(1); }
    [[nodiscard]] const Nothing& around() const { return nothing; }
    static std::optional<std::string> perform(const std::string&) { return std::nullopt; }
    static void keep(const std::string&) {}
    [[nodiscard]] static bool is_draining() { return false; }
    [[nodiscard]] static bool is_simulated() { return false; }
};

template <class StateType>
struct Domain {
    using State = StateType;
    struct Argument {
        std::uint32_t number{0};
        static void fields(auto& self, auto&& field) { field("number", self.number); }
    };
    using Message = std::string;
    using Command = std::string;
    using Record = std::string;
    using Question = Nothing;
    using Answer = Nothing;
    using Around = Nothing;
};

template <class D>
Node<D> node(std::string name,
             std::vector<std::string> successors,
             NodeFunction<D> run,
             bool is_choice = false) {
    const NodeKind kind = successors.empty() ? NodeKind::end : NodeKind::think;
    return {.shape = {.name = std::move(name),
                      .kind = kind,
                      .successors = std::move(successors),
                      .is_choice = is_choice},
            .run = std::move(run)};
}

template <class D>
StateGraph<D> graph_of(std::vector<Node<D>> nodes) {
    Result<StateGraph<D>> graph = StateGraph<D>::build(
        "bench", std::move(nodes),
        {.tasks_max = 10'000, .commit_bytes_max = 64 << 20, .snapshot_bytes_max = 64 << 20});
    ensure(graph.has_value(), graph ? "" : graph.error().text);
    return std::move(*graph);
}

// --- measuring -----------------------------------------------------------------------------------
/// One thread from its beginning to its end. Gives its supersteps. ERRORS: those of the store.
template <class D>
Result<std::uint64_t> run_once(const StateGraph<D>& graph,
                               CheckpointStore* store,
                               const std::string& thread) {
    StillWorld<D> world;
    auto runner = *Runner<D, StillWorld<D>>::over(graph, store, world);
    const Result<void> started = runner.start(thread, {});
    const Result<RunEnd> end = started ? runner.run() : std::unexpected(started.error());
    if (!end) {
        return std::unexpected(end.error());
    }
    ensure(*end == RunEnd::ended, "it ends");
    return runner.thread().progress.step;
}

/// Length and commit, in binary.
inline std::string bytes_of(const Commit& commit) {
    std::string body;
    to_binary(commit, body);
    std::string bytes;
    to_binary(body, bytes);
    return bytes;
}

/// Of a superstep, a mean over its run.
template <class D>
double commit_bytes(const StateGraph<D>& graph) {
    MemoryStore store;
    const Result<std::uint64_t> steps_count = run_once(graph, &store, "t-1");
    const Result<std::vector<Commit>> commits = store.history("t-1", 0, 10'000);
    std::size_t bytes = 0;
    for (const Commit& commit : *commits) {
        bytes += bytes_of(commit).size();
    }
    return static_cast<double>(bytes) / static_cast<double>(*steps_count);
}

/// `run` gets a store and a name that no run had before, and gives its supersteps.
template <class Run>
void measure_runs(benchmark::State& state, Mode mode, double bytes, const Run& run) {
    std::unique_ptr<CheckpointStore> store = store_of(mode);
    std::uint64_t steps_count = 0;
    std::uint64_t runs_count = 0;
    for (auto _ : state) {
        if (mode == Mode::memory) {
            store = store_of(mode);  // Each run begins and ends with an empty memory.
        }
        const Result<std::uint64_t> steps = run(store.get(), "t-" + std::to_string(++runs_count));
        if (!steps) {
            state.SkipWithError(steps.error().text.c_str());
            return;
        }
        steps_count += *steps;
    }
    const auto steps = static_cast<double>(steps_count);
    state.SetItemsProcessed(static_cast<std::int64_t>(steps_count));
    state.counters["supersteps"] = steps / static_cast<double>(state.iterations());
    state.counters["bytes_per_superstep"] = mode == Mode::no_store ? 0 : bytes;
    if (const auto* segments = dynamic_cast<const Segments*>(store.get())) {
        state.counters["disk_bytes_per_superstep"] = static_cast<double>(segments->bytes()) / steps;
    }
}

template <class D>
void measure(benchmark::State& state, const StateGraph<D>& graph, Mode mode) {
    measure_runs(state, mode, commit_bytes(graph),
                 [&](CheckpointStore* store, const std::string& thread) {
                     return run_once(graph, store, thread);
                 });
}

}  // namespace homeostat::graph::bench
