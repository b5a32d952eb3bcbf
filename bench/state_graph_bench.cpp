// What a superstep of the state graph costs. bench/langgraph/langgraph_workloads.py has the same
// graphs for LangGraph, under the same names; tools/core_figures.py sets both side by side.
//
// heal_N     the healing loop: analyse, decide, guard, act, verify, N times over; a log line of
//            190 bytes and an action of 20 are added in each round
// loop_N     one node that leads to itself: the engine and nothing else
// chain_N    so many nodes in a row
// fan_out_N  so many pieces of work, each with a task of its own, and a node that joins them
//
// no_store      nothing is kept; commits are made and hashed all the same
// memory        MemoryStore: all of the history, each commit checked against its hash
// file_synced   every commit is in a file and on the disk before the thread goes on
// file_effects  in a file at once; on the disk only where an effect or an end needs it: of the
//               healing loop, once in a round
//
//     build/release/bin/state_graph_bench --benchmark_filter=heal_200/memory
//
// The files are in $TMPDIR; choose a real disk, not tmpfs. Times are of a whole run, of so many
// `supersteps`; `bytes_per_superstep` are those of whole commits, as a file has them.

#include "homeostat/base/binary.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/graph/memory_store.hpp"
#include "homeostat/graph/runner.hpp"

#include <benchmark/benchmark.h>

#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace homeostat::graph {

namespace {

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
    Result<StateGraph<D>> graph =
        StateGraph<D>::build("bench", std::move(nodes), {.tasks_max = 10'000});
    ensure(graph.has_value(), graph ? "" : graph.error().text);
    return std::move(*graph);
}

// --- stores --------------------------------------------------------------------------------------
enum class Mode : std::uint8_t { no_store, memory, file_synced, file_effects };

/// As a file has it: length, commit.
std::string bytes_of(const Commit& commit) {
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

std::unique_ptr<CheckpointStore> store_of(Mode mode) {
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

// --- heal ----------------------------------------------------------------------------------------
struct HealState {
    std::string incident;
    std::string service;
    std::vector<std::string> error_log;
    std::string signature;
    std::string menu;
    std::string decision;
    std::string verdict;
    std::vector<std::string> actions_taken;
    std::uint32_t attempts_count{0};
    bool is_healed{false};

    static constexpr auto channels() {
        using S = HealState;
        return std::tuple{LastValue<&S::incident>{"incident"},
                          LastValue<&S::service>{"service"},
                          Append<&S::error_log>{"error_log"},
                          LastValue<&S::signature>{"signature"},
                          LastValue<&S::menu>{"menu"},
                          LastValue<&S::decision>{"decision"},
                          LastValue<&S::verdict>{"verdict"},
                          Append<&S::actions_taken>{"actions_taken"},
                          LastValue<&S::attempts_count>{"attempts_count"},
                          LastValue<&S::is_healed>{"is_healed"}};
    }
};

void heal(benchmark::State& state, std::uint32_t rounds_count, Mode mode) {
    using D = Domain<HealState>;
    using Given = const HealState&;
    const std::string line(190, 'e');
    Node<D> act = node<D>("act", {"verify"}, [](Given before, const Event<D>&, const Context<D>&) {
        return Turn<D>()
            .append<&HealState::actions_taken>("restart payments-1 #")
            .set<&HealState::attempts_count>(before.attempts_count + 1)
            .done();
    });
    act.shape.kind = NodeKind::act;
    const StateGraph<D> graph = graph_of<D>(
        {node<D>("analyse", {"decide"},
                 [&](Given, const Event<D>&, const Context<D>&) {
                     return Turn<D>()
                         .append<&HealState::error_log>(line)
                         .set<&HealState::signature>("5xx/upstream/payments")
                         .set<&HealState::menu>("restart,rollback,observe")
                         .done();
                 }),
         node<D>("decide", {"guard"},
                 [](Given, const Event<D>&, const Context<D>&) {
                     return Turn<D>().set<&HealState::decision>("restart payments-1").done();
                 }),
         node<D>(
             "guard", {"act", "close"},
             [](Given, const Event<D>&, const Context<D>&) {
                 return Turn<D>().set<&HealState::verdict>("allow").to("act");
             },
             true),
         std::move(act),
         node<D>(
             "verify", {"analyse", "close"},
             [rounds_count](Given before, const Event<D>&, const Context<D>&) {
                 const bool is_healed = before.attempts_count >= rounds_count;
                 return Turn<D>().set<&HealState::is_healed>(is_healed).to(is_healed ? "close"
                                                                                     : "analyse");
             },
             true),
         node<D>("close", {},
                 [](Given, const Event<D>&, const Context<D>&) { return Turn<D>().done(); })});
    measure(state, graph, mode);
}

// --- loop, chain, fan_out ------------------------------------------------------------------------
struct CountState {
    std::uint32_t count{0};
    std::vector<std::string> results;

    static constexpr auto channels() {
        return std::tuple{LastValue<&CountState::count>{"count"},
                          Append<&CountState::results>{"results"}};
    }
};
using CountDomain = Domain<CountState>;

Turn<CountDomain> pass(const CountState&, const Event<CountDomain>&, const Context<CountDomain>&) {
    return Turn<CountDomain>().done();
}

void loop(benchmark::State& state, std::uint32_t rounds_count, Mode mode) {
    using D = CountDomain;
    const StateGraph<D> graph = graph_of<D>(
        {node<D>(
             "again", {"again", "close"},
             [rounds_count](const CountState& before, const Event<D>&, const Context<D>&) {
                 return Turn<D>()
                     .set<&CountState::count>(before.count + 1)
                     .to(before.count + 1 < rounds_count ? "again" : "close");
             },
             true),
         node<D>("close", {}, pass)});
    measure(state, graph, mode);
}

void chain(benchmark::State& state, std::uint32_t nodes_count, Mode mode) {
    using D = CountDomain;
    std::vector<Node<D>> nodes;
    for (std::uint32_t index = 1; index < nodes_count; ++index) {
        nodes.push_back(
            node<D>("n" + std::to_string(index), {"n" + std::to_string(index + 1)}, pass));
    }
    nodes.push_back(node<D>("n" + std::to_string(nodes_count), {}, pass));
    measure(state, graph_of<D>(std::move(nodes)), mode);
}

void fan_out(benchmark::State& state, std::uint32_t pieces_count, Mode mode) {
    using D = CountDomain;
    const StateGraph<D> graph = graph_of<D>(
        {node<D>(
             "spread", {"work"},
             [pieces_count](const CountState&, const Event<D>&, const Context<D>&) {
                 Turn<D> turn;
                 for (std::uint32_t number = 0; number < pieces_count; ++number) {
                     turn.send("work", {number});
                 }
                 return turn;
             },
             true),
         node<D>("work", {"close"},
                 [](const CountState&, const Event<D>&, const Context<D>& context) {
                     return Turn<D>()
                         .append<&CountState::results>(std::to_string(context.argument->number))
                         .done();
                 }),
         node<D>("close", {}, pass)});
    measure(state, graph, mode);
}

// --- all of them ---------------------------------------------------------------------------------
struct Workload {
    std::string_view name;
    void (*run)(benchmark::State&, std::uint32_t, Mode);
    std::uint32_t count;
};

void register_all() {
    constexpr Workload workloads[] = {{"heal", heal, 1},        {"heal", heal, 200},
                                      {"loop", loop, 1'000},    {"chain", chain, 10},
                                      {"chain", chain, 1'000},  {"fan_out", fan_out, 10},
                                      {"fan_out", fan_out, 100}};
    constexpr std::pair<std::string_view, Mode> modes[] = {{"no_store", Mode::no_store},
                                                           {"memory", Mode::memory},
                                                           {"file_synced", Mode::file_synced},
                                                           {"file_effects", Mode::file_effects}};
    for (const Workload& workload : workloads) {
        for (const auto& [says, mode] : modes) {
            const std::string name = std::string(workload.name) + "_" +
                                     std::to_string(workload.count) + "/" + std::string(says);
            // By wall time: while a file is synced, hardly any of the processor's passes.
            benchmark::RegisterBenchmark(name.c_str(), workload.run, workload.count, mode)
                ->UseRealTime();
        }
    }
}

}  // namespace

}  // namespace homeostat::graph

int main(int count, char** words) {
    homeostat::graph::register_all();
    benchmark::Initialize(&count, words);
    if (benchmark::ReportUnrecognizedArguments(count, words)) {
        return 1;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
