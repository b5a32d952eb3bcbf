#pragma once

// What the workloads of state_graph_bench share: a world in which nothing happens, the kinds of
// store and the measuring of whole runs.

#include "homeostat/base/binary.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/graph/memory_store.hpp"
#include "homeostat/graph/runner.hpp"

#include <benchmark/benchmark.h>

#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
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

// --- stores --------------------------------------------------------------------------------------
enum class Mode : std::uint8_t { no_store, memory, file_synced, file_effects };

/// As a file has it: length, commit.
inline std::string bytes_of(const Commit& commit) {
    std::string body;
    to_binary(commit, body);
    std::string bytes;
    to_binary(body, bytes);
    return bytes;
}

/// Appends the commits of one thread at a time to a file and reads none: the least that a durable
/// store costs. It has no index, and no lock against a second process.
class CommitFile final : public CheckpointStore {
  public:
    explicit CommitFile(bool syncs_all) : syncs_all_(syncs_all) {
        std::string name = (std::filesystem::temp_directory_path() / "commits.XXXXXX").string();
        file_ = ::mkstemp(name.data());
        ensure(file_ >= 0 && ::unlink(name.c_str()) == 0, "a benchmark gets a file");
    }
    ~CommitFile() override { ::close(file_); }
    CommitFile(const CommitFile&) = delete;
    CommitFile& operator=(const CommitFile&) = delete;

    Result<std::uint64_t> claim(const std::string& /*thread*/) override {
        last_.reset();
        return 1;
    }
    Result<void> append(const Commit& commit,
                        std::uint64_t /*epoch*/,
                        Durability durability) override {
        if (Result<void> checked = check_next(last_ ? &*last_ : nullptr, commit); !checked) {
            return checked;
        }
        const std::string bytes = bytes_of(commit);
        const bool is_written =
            ::write(file_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
        const bool needs_sync = syncs_all_ || durability == Durability::synced;
        ensure(is_written && (!needs_sync || ::fdatasync(file_) == 0), "the file takes a commit");
        last_ = commit;
        return {};
    }
    [[nodiscard]] Result<std::vector<Commit>> read(const std::string& /*thread*/,
                                                   std::uint64_t /*until*/) const override {
        return fail(Fault::absent, "this store reads nothing");
    }
    [[nodiscard]] Result<std::vector<Commit>> history(const std::string& /*thread*/,
                                                      std::uint64_t /*before*/,
                                                      std::size_t /*count_max*/) const override {
        return fail(Fault::absent, "this store reads nothing");
    }
    [[nodiscard]] Result<std::vector<std::string>> threads() const override { return {}; }

  private:
    bool syncs_all_;
    int file_{-1};
    std::optional<Commit> last_;
};

inline std::unique_ptr<CheckpointStore> store_of(Mode mode) {
    switch (mode) {
        case Mode::no_store:
            return nullptr;
        case Mode::memory:
            return std::make_unique<MemoryStore>();
        case Mode::file_synced:
            return std::make_unique<CommitFile>(true);
        case Mode::file_effects:
            return std::make_unique<CommitFile>(false);
    }
    return nullptr;
}

// --- measuring -----------------------------------------------------------------------------------
/// One thread from its beginning to its end. Gives its supersteps.
template <class D>
std::uint64_t run_once(const StateGraph<D>& graph, CheckpointStore* store) {
    StillWorld<D> world;
    auto runner = *Runner<D, StillWorld<D>>::over(graph, store, world);
    ensure(runner.start("t-1", {}).has_value(), "it starts");
    const Result<RunEnd> end = runner.run();
    ensure(end == RunEnd::ended, "it ends");
    return runner.thread().progress.step;
}

template <class D>
std::size_t bytes_of_run(const StateGraph<D>& graph) {
    MemoryStore store;
    run_once(graph, &store);
    const Result<std::vector<Commit>> commits = store.history("t-1", 0, 10'000);
    std::size_t bytes = 0;
    for (const Commit& commit : *commits) {
        bytes += bytes_of(commit).size();
    }
    return bytes;
}

template <class D>
void measure(benchmark::State& state, const StateGraph<D>& graph, Mode mode) {
    const std::size_t bytes = bytes_of_run(graph);
    std::unique_ptr<CheckpointStore> store = store_of(mode);
    std::uint64_t steps_count = 0;
    for (auto _ : state) {
        if (mode == Mode::memory) {
            store = store_of(mode);  // Each run begins and ends with an empty memory.
        }
        steps_count += run_once(graph, store.get());
    }
    const double supersteps =
        static_cast<double>(steps_count) / static_cast<double>(state.iterations());
    state.SetItemsProcessed(static_cast<std::int64_t>(steps_count));
    state.counters["supersteps"] = supersteps;
    state.counters["bytes_per_superstep"] =
        mode == Mode::no_store ? 0 : static_cast<double>(bytes) / supersteps;
}

}  // namespace homeostat::graph::bench
