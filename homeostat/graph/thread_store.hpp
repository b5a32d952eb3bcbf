#pragma once

// ThreadStore: one driver's hold on the threads in a store. Without a store it keeps nothing, and
// there is nothing to read.
//
// Not thread-safe.

#include "homeostat/graph/state_graph.hpp"
#include "homeostat/graph/store.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::graph {

template <class D>
class ThreadStore {
  public:
    /// `store` may be null.
    ThreadStore(const StateGraph<D>& graph, CheckpointStore* store)
        : graph_(&graph), store_(store) {}

    /// The thread as it was after commit `until`; 0: after its latest.
    /// ERRORS: absent: there is no store; those of the store and of `load`.
    [[nodiscard]] Result<Thread<D>> read(const std::string& id, std::uint64_t until) const {
        if (store_ == nullptr) {
            return fail(Fault::absent, "there is no store to read " + id + " from");
        }
        const Result<std::vector<Commit>> commits = store_->read(id, until);
        return commits ? graph_->load(*commits) : std::unexpected(commits.error());
    }

    /// Becomes the writer of a thread that does not exist yet.
    /// ERRORS: invalid: it does; those of the store.
    [[nodiscard]] Result<void> claim_new(const std::string& id) {
        if (store_ == nullptr) {
            return {};
        }
        const Result<std::vector<Commit>> there = store_->read(id);
        if (there) {
            return fail(Fault::invalid, "there is a thread " + id + " already");
        }
        return there.error().fault == Fault::absent ? claim(id) : std::unexpected(there.error());
    }

    /// Becomes the writer in place of whoever was. ERRORS: those of the store.
    [[nodiscard]] Result<void> claim(const std::string& id) {
        const Result<std::uint64_t> epoch = store_->claim(id);
        epoch_ = epoch.value_or(0);
        return epoch ? Result<void>() : std::unexpected(epoch.error());
    }

    /// ERRORS: those of the store; nothing was kept then.
    [[nodiscard]] Result<void> keep(const Advance<D>& advance) {
        const Durability durability = advance.needs_sync ? Durability::synced : Durability::written;
        return store_ == nullptr ? Result<void>()
                                 : store_->append(advance.commit, epoch_, durability);
    }

  private:
    const StateGraph<D>* graph_;
    CheckpointStore* store_;
    std::uint64_t epoch_{0};
};

}  // namespace homeostat::graph
