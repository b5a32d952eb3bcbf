#pragma once

// StateGraph: a durable state graph. Nodes over typed channels, declared edges, checkpoints, waits
// and questions, for threads that must go on where they were after kill -9.
//
// `advance` is pure: it takes a thread and an input and gives back what to keep and what to carry
// out. The driver keeps it first (one commit), applies it, and then carries out the commands. So
// nothing happens that was not written down before, and no node is ever run again to get to where
// the thread was: a task whose process died is told so, and looks at the world (ADR 0001).
//
// This library knows nothing of healing. What a domain is stands in turn.hpp; runner.hpp has a
// driver that waits for nobody.
//
// Pure. Not thread-safe; one driver at a time advances a thread, which the store sees to.

#include "homeostat/graph/take.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::graph {

template <class D>
class StateGraph {
  public:
    using State = D::State;

    /// ERRORS: invalid, naming the node and what is wrong with it (shape.hpp, nodes.hpp).
    [[nodiscard]] static Result<StateGraph> build(std::string name,
                                                  std::vector<Node<D>> nodes,
                                                  Limits limits = {});

    [[nodiscard]] const Shape& shape() const { return shape_; }

    /// The first commit of a thread that begins in front of the first node.
    [[nodiscard]] Advance<D> start(std::string id, State state, Instant now) const;

    /// What an input makes of the thread, which is not changed: see `apply` in delta.hpp.
    /// ERRORS: invalid: the thread is of another graph, or the input is not for a thread that is as
    /// this one is, or an answer is none; refused: nobody waits for the message or the answer any
    /// more. Nothing is to be kept then.
    [[nodiscard]] Result<Advance<D>> advance(const Thread<D>& thread,
                                             const Input<D>& input,
                                             const Surroundings<D>& around) const;

    /// A thread of its own that begins where `past` was; what was answered since is asked again.
    /// Its act nodes may not act but in a simulation: what they did was done once.
    [[nodiscard]] Advance<D> branch(const Thread<D>& past, std::string id, Instant now) const;

    /// Reads a thread from its commits, oldest first, the first of them a snapshot.
    /// ERRORS: corrupt, naming the commit; invalid: it was written by another graph.
    [[nodiscard]] Result<Thread<D>> load(std::span<const Commit> commits) const;

    /// Something is ready to run: the next input is Go.
    [[nodiscard]] static bool has_work(const Thread<D>& thread) {
        return thread.progress.status == ThreadStatus::running &&
               std::ranges::any_of(thread.progress.tasks,
                                   [](const Task<D>& task) { return is_ready(task.status); });
    }

    /// When the next Tick is due; nothing: no time is waited for.
    [[nodiscard]] std::optional<Instant> due_at(const Thread<D>& thread) const;

  private:
    StateGraph(Shape shape, Nodes<D> nodes) : shape_(std::move(shape)), nodes_(std::move(nodes)) {}

    [[nodiscard]] Error other_graph(const std::string& thread, std::uint64_t digest) const {
        return {Fault::invalid, "thread " + thread + " was written by another graph (" +
                                    to_hex(digest) + ", this is " + to_hex(shape_.digest) +
                                    "): it needs a person"};
    }

    /// Which inputs a thread takes as it is.
    [[nodiscard]] Result<void> check(const Thread<D>& thread, const Input<D>& input) const;

    void seal_within_bounds(Advance<D>& advance,
                            const Thread<D>& thread,
                            Cause cause,
                            Instant now) const;

    Shape shape_;
    Nodes<D> nodes_;
};

}  // namespace homeostat::graph

#include "homeostat/graph/state_graph_members.hpp"  // IWYU pragma: export
