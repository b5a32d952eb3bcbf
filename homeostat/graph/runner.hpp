#pragma once

// Runner: the driver that waits for nobody. It turns the crank of one thread until there is nothing
// to do but wait, and keeps every step before anything comes of it.
//
// The simulator and the tests run the very graph that production runs with it; a driver that awaits
// the world's answers does the same in the same order.
//
// Pure, as far as the world and the store that it is given are.

#include "homeostat/graph/state_graph.hpp"
#include "homeostat/graph/thread_store.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph {

enum class RunEnd : std::uint8_t {
    waits,    ///< For a message, a time, a person, or to be released.
    parked,   ///< For a person: see the thread's `trouble`.
    ended,    ///< The thread is over.
    drained,  ///< The world wants it to stop here; it goes on from here another time.
};

/// What Runner needs from a world:
///     Instant now();
///     const Around& around();
///     std::optional<Message> perform(Command);  nothing: the reply comes later, if at all
///     void keep(Record);                        durable already
///     bool is_draining();
///     bool is_simulated();
template <class D, class World>
class Runner {
  public:
    /// `store` may be null for a graph that asks nobody: what a process that ended had asked could
    /// never be answered. ERRORS: invalid.
    [[nodiscard]] static Result<Runner> over(const StateGraph<D>& graph,
                                             CheckpointStore* store,
                                             World& world) {
        const bool asks = std::ranges::any_of(
            graph.shape().nodes, [](const NodeShape& node) { return node.kind == NodeKind::ask; });
        if (asks && store == nullptr) {
            return fail(Fault::invalid, "graph " + graph.shape().name +
                                            " asks a person: it needs a store that remembers");
        }
        return Runner(graph, store, world);
    }

    /// ERRORS: invalid: there is such a thread already; those of the store.
    [[nodiscard]] Result<void> start(const std::string& id, D::State state) {
        return begin(id, graph_->start(id, std::move(state), world_->now()));
    }

    /// Goes on with a thread that another process ran. ERRORS: absent: there is no store; those of
    /// the store and of `load`. It stays with its writer unless it could be read.
    [[nodiscard]] Result<void> open(const std::string& id) {
        if (const Result<Thread<D>> theirs = store_.read(id, 0); !theirs) {
            return std::unexpected(theirs.error());
        }
        if (Result<void> claimed = store_.claim(id); !claimed) {
            return claimed;
        }
        Result<Thread<D>> thread = store_.read(id, 0);  // With what was kept before the claim.
        if (!thread) {
            return std::unexpected(thread.error());
        }
        thread_ = std::move(*thread);
        return thread_.has_ended() ? Result<void>() : take(Reopen{});
    }

    /// A thread of its own that begins where `past` was at commit `number`.
    /// ERRORS: invalid: there is a thread of the new name already; absent: there is no store; those
    /// of the store and of `load`.
    [[nodiscard]] Result<void> branch(const std::string& past,
                                      std::uint64_t number,
                                      const std::string& id) {
        const Result<Thread<D>> thread = store_.read(past, number);
        if (!thread) {
            return std::unexpected(thread.error());
        }
        return begin(id, graph_->branch(*thread, id, world_->now()));
    }

    /// ERRORS: those of `advance` and of the store. The thread is as before then, and nothing was
    /// carried out.
    [[nodiscard]] Result<void> take(const Input<D>& input) {
        Result<Advance<D>> advance = advance_by(input);
        return advance ? keep(std::move(*advance)) : std::unexpected(advance.error());
    }

    /// Runs until there is nothing to do but wait. ERRORS: those of `take`.
    [[nodiscard]] Result<RunEnd> run() {
        while (true) {
            if (const std::optional<RunEnd> end = end_here()) {
                return *end;
            }
            if (const Result<void> done =
                    replies_.empty() ? take(*next_input()) : tell_next_reply();
                !done) {
                return std::unexpected(done.error());
            }
        }
    }

    [[nodiscard]] const Thread<D>& thread() const { return thread_; }

  private:
    Runner(const StateGraph<D>& graph, CheckpointStore* store, World& world)
        : graph_(&graph), store_(graph, store), world_(&world) {}

    Result<void> begin(const std::string& id, Advance<D> advance) {
        if (Result<void> claimed = store_.claim_new(id); !claimed) {
            return claimed;
        }
        thread_ = {};
        return keep(std::move(advance));
    }

    /// Nothing: there is something to do.
    [[nodiscard]] std::optional<RunEnd> end_here() const {
        if (thread_.has_ended()) {
            return RunEnd::ended;
        }
        if (thread_.progress.status == ThreadStatus::parked) {
            return RunEnd::parked;
        }
        if (world_->is_draining()) {
            return RunEnd::drained;
        }
        const bool has_more = !replies_.empty() || next_input().has_value();
        return has_more ? std::nullopt : std::optional(RunEnd::waits);
    }

    [[nodiscard]] Result<Advance<D>> advance_by(const Input<D>& input) const {
        return graph_->advance(thread_, input,
                               {world_->now(), world_->around(), world_->is_simulated()});
    }

    /// One that nobody waits for any more is dropped. One that could not be kept is told again.
    Result<void> tell_next_reply() {
        Result<Advance<D>> advance = advance_by(replies_.front());
        const bool is_late = !advance && advance.error().fault == Fault::refused;
        if (!advance && !is_late) {
            return std::unexpected(advance.error());
        }
        if (advance) {
            if (Result<void> kept = keep(std::move(*advance)); !kept) {
                return kept;
            }
        }
        replies_.pop_front();
        return {};
    }

    [[nodiscard]] std::optional<Input<D>> next_input() const {
        if (graph_->has_work(thread_)) {
            return Go{};
        }
        const std::optional<Instant> due_at = graph_->due_at(thread_);
        return due_at && *due_at <= world_->now() ? std::optional<Input<D>>(Tick{}) : std::nullopt;
    }

    Result<void> keep(Advance<D> advance) {
        if (Result<void> kept = store_.keep(advance); !kept) {
            return kept;  // Not kept, so not done: the commands are dropped.
        }
        apply(thread_, std::move(advance.delta), advance.commit);
        for (typename D::Record& record : advance.records) {
            world_->keep(std::move(record));
        }
        for (Addressed<D>& one : advance.commands) {
            if (auto reply = world_->perform(std::move(one.command))) {
                replies_.push_back(Tell<D>{std::move(*reply), one.task, one.attempt});
            }
        }
        return {};
    }

    const StateGraph<D>* graph_;
    ThreadStore<D> store_;
    World* world_;
    Thread<D> thread_;
    std::deque<Input<D>> replies_;
};

}  // namespace homeostat::graph
