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
                                                  Limits limits = {}) {
        std::vector<NodeShape> shapes;
        for (const Node<D>& node : nodes) {
            if (Result<void> checked = Nodes<D>::check(node); !checked) {
                return fail("graph " + name, checked.error());
            }
            shapes.push_back(node.shape);
        }
        Result<Shape> shape = make_shape(std::move(name), std::move(shapes), layout_of<D>());
        if (!shape) {
            return fail("graph", shape.error());
        }
        return StateGraph(std::move(*shape), Nodes<D>(std::move(nodes), limits));
    }

    [[nodiscard]] const Shape& shape() const { return shape_; }

    /// The first commit of a thread that begins in front of the first node.
    [[nodiscard]] Advance<D> start(std::string id, State state, Instant now) const {
        Thread<D> thread;
        thread.id = std::move(id);
        thread.graph_digest = shape_.digest;
        thread.state = std::move(state);
        Advance<D> advance;
        Progress<D>& progress = advance.delta.progress;
        progress.tasks.push_back(make_task(progress, shape_.nodes.front().name, now));
        if (shape_.nodes.front().pauses_before) {
            progress.status = ThreadStatus::paused;
        }
        seal(advance, thread, Cause::started, now, nodes_.limits().snapshot_bytes_max);
        return advance;
    }

    /// What an input makes of the thread, which is not changed: see `apply` in delta.hpp.
    /// ERRORS: invalid: the thread is of another graph, or the input is not for a thread that is as
    /// this one is, or an answer is none; refused: nobody waits for the message or the answer any
    /// more. Nothing is to be kept then.
    [[nodiscard]] Result<Advance<D>> advance(const Thread<D>& thread,
                                             const Input<D>& input,
                                             const Surroundings<D>& around) const {
        if (Result<void> checked = check(thread, input); !checked) {
            return std::unexpected(checked.error());
        }
        Superstep<D> step(nodes_, thread, around);
        Result<Advance<D>> advance = step.run([&](Superstep<D>& running) {
            return std::visit([&](const auto& one) { return take(running, one); }, input);
        });
        if (advance) {
            seal_within_bounds(*advance, thread, cause_of(input.index()), around.now);
        }
        return advance;
    }

    /// A thread of its own that begins where `past` was; what was answered since is asked again.
    /// Its act nodes may not act but in a simulation: what they did was done once.
    [[nodiscard]] Advance<D> branch(const Thread<D>& past, std::string id, Instant now) const {
        Thread<D> thread = past;
        thread.id = std::move(id);
        thread.commits_count = 0;
        thread.hash = {};
        Advance<D> advance;
        advance.delta.progress = past.progress;
        advance.delta.progress.is_branch = true;
        for (Task<D>& task : advance.delta.progress.tasks) {
            begin_in_branch(task, now);
        }
        seal(advance, thread, Cause::branched, now, nodes_.limits().snapshot_bytes_max);
        return advance;
    }

    /// Reads a thread from its commits, oldest first, the first of them a snapshot.
    /// ERRORS: corrupt, naming the commit; invalid: it was written by another graph.
    [[nodiscard]] Result<Thread<D>> load(std::span<const Commit> commits) const {
        Thread<D> thread;
        for (const Commit& commit : commits) {
            if (commit.graph_digest != shape_.digest) {
                return std::unexpected(other_graph(commit.thread, commit.graph_digest));
            }
            if (Result<void> read = read_commit(thread, commit, nodes_); !read) {
                return std::unexpected(read.error());
            }
        }
        return commits.empty() ? fail(Fault::absent, "there is no commit of that thread")
                               : Result<Thread<D>>(std::move(thread));
    }

    /// Something is ready to run: the next input is Go.
    [[nodiscard]] static bool has_work(const Thread<D>& thread) {
        return thread.progress.status == ThreadStatus::running &&
               std::ranges::any_of(thread.progress.tasks,
                                   [](const Task<D>& task) { return is_ready(task.status); });
    }

    /// When the next Tick is due; nothing: no time is waited for.
    [[nodiscard]] std::optional<Instant> due_at(const Thread<D>& thread) const {
        std::optional<Instant> earliest;
        if (thread.progress.status != ThreadStatus::running) {
            return earliest;
        }
        for (const Task<D>& task : thread.progress.tasks) {
            const auto at = graph::due_at(task, nodes_.at(task.node).policy);
            earliest = at ? std::min(earliest.value_or(*at), *at) : earliest;
        }
        return earliest;
    }

  private:
    StateGraph(Shape shape, Nodes<D> nodes) : shape_(std::move(shape)), nodes_(std::move(nodes)) {}

    [[nodiscard]] Error other_graph(const std::string& thread, std::uint64_t digest) const {
        return {Fault::invalid, "thread " + thread + " was written by another graph (" +
                                    to_hex(digest) + ", this is " + to_hex(shape_.digest) +
                                    "): it needs a person"};
    }

    /// Which inputs a thread takes as it is.
    [[nodiscard]] Result<void> check(const Thread<D>& thread, const Input<D>& input) const {
        if (thread.graph_digest != shape_.digest) {
            return std::unexpected(other_graph(thread.id, thread.graph_digest));
        }
        const ThreadStatus status = thread.progress.status;
        const bool is_of_any = std::holds_alternative<Reopen>(input);
        const ThreadStatus wanted = std::holds_alternative<Retry>(input) ? ThreadStatus::parked
                                    : std::holds_alternative<Release>(input)
                                        ? ThreadStatus::paused
                                        : ThreadStatus::running;
        if (status == ThreadStatus::ended || (!is_of_any && status != wanted)) {
            const std::string why =
                thread.progress.trouble.empty() ? "" : " (" + thread.progress.trouble + ")";
            return fail(Fault::invalid, "thread " + thread.id + " is " +
                                            std::string(to_text(status)) + why + ", not " +
                                            std::string(to_text(wanted)));
        }
        return {};
    }

    void seal_within_bounds(Advance<D>& advance,
                            const Thread<D>& thread,
                            Cause cause,
                            Instant now) const {
        const Limits& limits = nodes_.limits();
        seal(advance, thread, cause, now, limits.snapshot_bytes_max);
        const std::size_t bytes_max =
            advance.commit.is_snapshot ? limits.snapshot_bytes_max : limits.commit_bytes_max;
        const std::size_t bytes = advance.commit.body.size();
        if (bytes <= bytes_max) {
            return;
        }
        advance = park(thread, advance.delta.progress.pace,
                       "a commit of " + std::to_string(bytes) + " bytes, at most are " +
                           std::to_string(bytes_max));
        seal(advance, thread, cause, now, limits.snapshot_bytes_max);
    }

    Shape shape_;
    Nodes<D> nodes_;
};

}  // namespace homeostat::graph
