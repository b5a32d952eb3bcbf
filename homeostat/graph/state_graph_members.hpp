#pragma once

// StateGraph's longer members, which state_graph.hpp includes. They stand outside the class so that
// `extern template class StateGraph<D>` spares whoever includes it their compilation.

#include "homeostat/graph/state_graph.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::graph {

template <class D>
Result<StateGraph<D>> StateGraph<D>::build(std::string name,
                                           std::vector<Node<D>> nodes,
                                           Limits limits) {
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

template <class D>
Advance<D> StateGraph<D>::start(std::string id, State state, Instant now) const {
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

template <class D>
Result<Advance<D>> StateGraph<D>::advance(const Thread<D>& thread,
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

template <class D>
Advance<D> StateGraph<D>::branch(const Thread<D>& past, std::string id, Instant now) const {
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

template <class D>
Result<Thread<D>> StateGraph<D>::load(std::span<const Commit> commits) const {
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

template <class D>
std::optional<Instant> StateGraph<D>::due_at(const Thread<D>& thread) const {
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

template <class D>
Result<void> StateGraph<D>::check(const Thread<D>& thread, const Input<D>& input) const {
    if (thread.graph_digest != shape_.digest) {
        return std::unexpected(other_graph(thread.id, thread.graph_digest));
    }
    const ThreadStatus status = thread.progress.status;
    const bool is_of_any = std::holds_alternative<Reopen>(input);
    const ThreadStatus wanted = std::holds_alternative<Retry>(input)     ? ThreadStatus::parked
                                : std::holds_alternative<Release>(input) ? ThreadStatus::paused
                                                                         : ThreadStatus::running;
    if (status == ThreadStatus::ended || (!is_of_any && status != wanted)) {
        const std::string why =
            thread.progress.trouble.empty() ? "" : " (" + thread.progress.trouble + ")";
        return fail(Fault::invalid, "thread " + thread.id + " is " + std::string(to_text(status)) +
                                        why + ", not " + std::string(to_text(wanted)));
    }
    return {};
}

template <class D>
void StateGraph<D>::seal_within_bounds(Advance<D>& advance,
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

}  // namespace homeostat::graph
