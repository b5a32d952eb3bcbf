// What a superstep of the state graph costs. bench/langgraph/langgraph_workloads.py has the same
// graphs for LangGraph, under the same names; tools/core_figures.py sets both side by side.
//
// heal_N        the healing loop: analyse, decide, guard, act, verify, N times over; a log line of
//               190 bytes and an action of 20 are added in each round
// incidents_N   so many threads of heal_20 side by side over one store
// loop_N        one node that leads to itself: the engine and nothing else
// chain_N       so many nodes in a row
// fan_out_N     so many pieces of work, each with a task of its own, and a node that joins them
// wide_N        15 channels of every kind, of messages with 625 values each (5 rows of 5 lists),
//               six or seven rounds of six nodes, two of them side by side, until there are more
//               than N messages
// waiting_N     so many threads of heal_1 held in memory, each in front of `verify` after its first
//               action, for a message that does not come: `bytes_per_thread` of the heap
//
// no_store      nothing is kept; commits are made and hashed all the same
// memory        MemoryStore: all of the history, each commit checked against its hash
// file_synced   the store in segments that ships; every commit is on the disk before the thread
//               goes on
// file_effects  the same store; on the disk only where an effect or an end needs it: of the
//               healing loop, once in a round, for all incidents that are side by side
//
//     build/release/bin/state_graph_bench --benchmark_filter=heal_200/memory
//
// The files are in $TMPDIR; choose a real disk, not tmpfs. Times are of a whole run, of so many
// `supersteps`; `bytes_per_superstep` are those of whole commits, `disk_bytes_per_superstep` those
// of the segments.

#include "homeostat/adapters/segment_log/checkpoint_store.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/graph/runner.hpp"

#include "bench/state_graph_incidents.hpp"
#include "bench/state_graph_runs.hpp"

#include <benchmark/benchmark.h>

#include <malloc.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace homeostat::graph::bench {

namespace {

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

using HealDomain = Domain<HealState>;

StateGraph<HealDomain> healing(std::uint32_t rounds_count, bool waits_in_verify) {
    using D = HealDomain;
    using Given = const HealState&;
    Node<D> act = node<D>("act", {"verify"}, [](Given before, const Event<D>&, const Context<D>&) {
        return Turn<D>()
            .append<&HealState::actions_taken>("restart payments-1 #")
            .set<&HealState::attempts_count>(before.attempts_count + 1)
            .done();
    });
    act.shape.kind = NodeKind::act;
    return graph_of<D>(
        {node<D>("analyse", {"decide"},
                 [line = std::string(190, 'e')](Given, const Event<D>&, const Context<D>&) {
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
             [=](Given before, const Event<D>&, const Context<D>&) {
                 if (waits_in_verify) {
                     return Turn<D>().stay();
                 }
                 const bool is_healed = before.attempts_count >= rounds_count;
                 return Turn<D>().set<&HealState::is_healed>(is_healed).to(is_healed ? "close"
                                                                                     : "analyse");
             },
             true),
         node<D>("close", {},
                 [](Given, const Event<D>&, const Context<D>&) { return Turn<D>().done(); })});
}

void heal(benchmark::State& state, std::uint32_t rounds_count, Mode mode) {
    measure(state, healing(rounds_count, false), mode);
}

void incidents(benchmark::State& state, std::uint32_t threads_count, Mode mode) {
    constexpr std::uint32_t rounds_count = 20;
    const StateGraph<HealDomain> graph = healing(rounds_count, false);
    measure_runs(state, mode, commit_bytes(graph),
                 [&](CheckpointStore* store, const std::string& name) {
                     return run_side_by_side(graph, *store, name, threads_count);
                 });
}

/// What a driver holds of threads that wait; their commits are in a store.
void waiting(benchmark::State& state, std::uint32_t threads_count) {
    using Runs = Runner<HealDomain, StillWorld<HealDomain>>;
    const StateGraph<HealDomain> graph = healing(1, true);
    StillWorld<HealDomain> world;
    for ([[maybe_unused]] const auto iteration : state) {
        std::vector<Thread<HealDomain>> threads;
        threads.reserve(threads_count);
        const std::size_t before = ::mallinfo2().uordblks;
        for (std::uint32_t number = 0; number < threads_count; ++number) {
            Runs runner = *Runs::over(graph, nullptr, world);
            ensure(runner.start("t-" + std::to_string(number), {}).has_value(), "it starts");
            ensure(runner.run() == RunEnd::waits, "it waits");
            threads.push_back(runner.thread());
        }
        state.counters["bytes_per_thread"] =
            sizeof(Thread<HealDomain>) +
            static_cast<double>(::mallinfo2().uordblks - before) / threads_count;
    }
    state.SetItemsProcessed(state.iterations() * threads_count);
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

// --- wide ----------------------------------------------------------------------------------------
/// As JSON has it: ["hi?" ten times, true, 1, 6327816386138, null].
struct Cell {
    std::string text{"hi?hi?hi?hi?hi?hi?hi?hi?hi?hi?"};
    bool is_true{true};
    std::int64_t one{1};
    std::int64_t large{6'327'816'386'138};
    std::optional<std::int64_t> nothing{};

    static void fields(auto& self, auto&& field) {
        field("text", self.text);
        field("is_true", self.is_true);
        field("one", self.one);
        field("large", self.large);
        field("nothing", self.nothing);
    }
};
using Cells = std::vector<Cell>;
using Row = std::map<std::string, Cells>;
using Message = std::map<std::string, Row>;
using Messages = std::vector<Message>;

constexpr int message_side = 5;  ///< Rows, columns, and cells of each.

Message one_message() {
    Message message;
    for (int row = 0; row < message_side; ++row) {
        for (int column = 0; column < message_side; ++column) {
            message["row" + std::to_string(row)]["column" + std::to_string(column)] =
                Cells(message_side);
        }
    }
    return message;
}

struct NewIfThere {
    Message operator()(Message before, const Message& written) const {
        return written.empty() ? before : written;
    }
};
struct Union {
    Message operator()(Message before, const Message& written) const {
        before.insert(written.begin(), written.end());
        return before;
    }
};

struct WideState {
    Messages messages{one_message()};
    Messages trigger_events, categorizations, responses;
    std::string primary_issue_medium, bot_id;
    Message autoresponse, issue, user_info, crm_info, slack_participants, notified_assignees;
    std::optional<std::string> email_thread_id;
    Messages relevant_rules, memory_docs;

    static constexpr auto channels() {
        using S = WideState;
        return std::tuple{Append<&S::messages>{"messages"},
                          Append<&S::trigger_events>{"trigger_events"},
                          Append<&S::categorizations>{"categorizations"},
                          Append<&S::responses>{"responses"},
                          LastValue<&S::primary_issue_medium>{"primary_issue_medium"},
                          LastValue<&S::bot_id>{"bot_id"},
                          LastValue<&S::autoresponse>{"autoresponse"},
                          Folded<&S::issue, NewIfThere>{"issue"},
                          Folded<&S::user_info, NewIfThere>{"user_info"},
                          Folded<&S::crm_info, NewIfThere>{"crm_info"},
                          Folded<&S::slack_participants, Union>{"slack_participants"},
                          Folded<&S::notified_assignees, Union>{"notified_assignees"},
                          LastValue<&S::email_thread_id>{"email_thread_id"},
                          LastValue<&S::relevant_rules>{"relevant_rules"},
                          LastValue<&S::memory_docs>{"memory_docs"}};
    }
};

template <auto Member>
Turn<Domain<WideState>> added(const Messages& messages) {
    Turn<Domain<WideState>> turn;
    for (const Message& message : messages) {
        turn.append<Member>(message);
    }
    return turn;
}

void wide(benchmark::State& state, std::uint32_t messages_count, Mode mode) {
    using D = Domain<WideState>;
    using S = WideState;
    using Given = const S&;
    const std::string letters(messages_count, 'x');
    Node<D> five = node<D>("five", {"six"}, [letters](Given s, const Event<D>&, const Context<D>&) {
        const Message& last = s.categorizations.back();
        return Turn<D>()
            .fold<&S::user_info>(last)
            .fold<&S::crm_info>(last)
            .set<&S::email_thread_id>(letters)
            .fold<&S::slack_participants>(last)
            .fold<&S::notified_assignees>(last)
            .set<&S::bot_id>(letters)
            .done();
    });
    five.shape.after = {"three", "four"};
    const StateGraph<D> graph = graph_of<D>(
        {node<D>("one", {"two"},
                 [letters](Given s, const Event<D>&, const Context<D>&) {
                     return added<&S::trigger_events>(s.messages)
                         .set<&S::primary_issue_medium>(letters)
                         .done();
                 }),
         node<D>("two", {"three", "four"},
                 [](Given s, const Event<D>&, const Context<D>&) {
                     return Turn<D>()
                         .set<&S::autoresponse>(s.trigger_events.back())
                         .fold<&S::issue>(s.trigger_events.back())
                         .done();
                 }),
         node<D>("three", {"five"},
                 [](Given s, const Event<D>&, const Context<D>&) {
                     return Turn<D>().set<&S::relevant_rules>({s.autoresponse}).done();
                 }),
         node<D>("four", {"five"},
                 [](Given s, const Event<D>&, const Context<D>&) {
                     Turn<D> turn = added<&S::responses>(s.trigger_events);
                     for (const Message& message : s.trigger_events) {
                         turn.append<&S::categorizations>(message);
                     }
                     return turn.set<&S::memory_docs>(s.trigger_events).done();
                 }),
         std::move(five),
         node<D>(
             "six", {"one", "close"},
             [messages_count](Given s, const Event<D>&, const Context<D>&) {
                 return added<&S::messages>(s.responses)
                     .to(s.messages.size() + s.responses.size() > messages_count ? "close" : "one");
             },
             true),
         node<D>("close", {},
                 [](Given, const Event<D>&, const Context<D>&) { return Turn<D>().done(); })});
    measure(state, graph, mode);
}

// --- all of them ---------------------------------------------------------------------------------
struct Workload {
    std::string_view name;
    void (*run)(benchmark::State&, std::uint32_t, Mode);
    std::uint32_t count;
};

void register_all() {
    constexpr Workload workloads[] = {
        {"heal", heal, 1},        {"heal", heal, 200},       {"incidents", incidents, 16},
        {"loop", loop, 1'000},    {"chain", chain, 10},      {"chain", chain, 1'000},
        {"fan_out", fan_out, 10}, {"fan_out", fan_out, 100}, {"wide", wide, 300}};
    constexpr std::pair<std::string_view, Mode> modes[] = {{"no_store", Mode::no_store},
                                                           {"memory", Mode::memory},
                                                           {"file_synced", Mode::file_synced},
                                                           {"file_effects", Mode::file_effects}};
    for (const Workload& workload : workloads) {
        for (const auto& [says, mode] : modes) {
            if (workload.run == incidents && mode != Mode::file_effects) {
                continue;  // All that they have in common is a sync.
            }
            const std::string name = std::string(workload.name) + "_" +
                                     std::to_string(workload.count) + "/" + std::string(says);
            // By wall time: while a file is synced, hardly any of the processor's passes.
            benchmark::RegisterBenchmark(name.c_str(), workload.run, workload.count, mode)
                ->UseRealTime();
        }
    }
    benchmark::RegisterBenchmark("waiting_10000", waiting, 10'000)
        ->Unit(benchmark::kMillisecond)
        ->Iterations(3);
}

}  // namespace

}  // namespace homeostat::graph::bench

int main(int count, char** words) {
    homeostat::graph::bench::register_all();
    benchmark::Initialize(&count, words);
    if (benchmark::ReportUnrecognizedArguments(count, words)) {
        return 1;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
