#pragma once

// Threads of one graph side by side over one store, with one sync for all that a round commits.
//
// The group commit of a driver with many incidents, without its waiting: the last commit of a
// round is appended as synced, which makes those before it durable as well, and only then anything
// comes of the round. They are of the same graph, so that they begin and end together.

#include "homeostat/base/ensure.hpp"
#include "homeostat/graph/thread_store.hpp"

#include "bench/state_graph_runs.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph::bench {

template <class D>
struct Beside {
    ThreadStore<D> store;
    Thread<D> thread{};
};

/// Keeps an advance of each, and applies them. ERRORS: those of the store.
template <class D>
Result<void> keep_round(std::vector<Beside<D>>& all, std::vector<Advance<D>> round) {
    const bool needs_sync = std::ranges::any_of(round, &Advance<D>::needs_sync);
    for (std::size_t index = 0; index < round.size(); ++index) {
        round[index].needs_sync = needs_sync && index + 1 == round.size();
        if (Result<void> kept = all[index].store.keep(round[index]); !kept) {
            return kept;
        }
    }
    for (std::size_t index = 0; index < round.size(); ++index) {
        ensure(round[index].commands.empty(), "these graphs want nothing of the world");
        apply(all[index].thread, std::move(round[index].delta), round[index].commit);
    }
    return {};
}

/// So many threads from their beginning to their end. Gives the supersteps of all.
/// ERRORS: those of the store.
template <class D>
Result<std::uint64_t> run_side_by_side(const StateGraph<D>& graph,
                                       CheckpointStore& store,
                                       const std::string& name,
                                       std::uint32_t threads_count) {
    const Nothing nothing;
    std::vector<Beside<D>> all(threads_count, Beside<D>{.store = {graph, &store}});
    std::vector<Advance<D>> round;
    for (std::uint32_t number = 0; number < threads_count; ++number) {
        const std::string id = name + "-" + std::to_string(number);
        if (Result<void> claimed = all[number].store.claim_new(id); !claimed) {
            return std::unexpected(claimed.error());
        }
        round.push_back(graph.start(id, {}, StillWorld<D>::now()));
    }
    Result<void> kept = keep_round(all, std::exchange(round, {}));
    while (kept && !all.front().thread.has_ended()) {
        for (const Beside<D>& one : all) {
            round.push_back(*graph.advance(one.thread, Go{}, {StillWorld<D>::now(), nothing}));
        }
        kept = keep_round(all, std::exchange(round, {}));
    }
    std::uint64_t steps_count = 0;
    for (const Beside<D>& one : all) {
        steps_count += one.thread.progress.step;
    }
    return kept ? Result<std::uint64_t>(steps_count) : std::unexpected(kept.error());
}

}  // namespace homeostat::graph::bench
