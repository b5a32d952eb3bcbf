#pragma once

// Progress check: whether what was read of a thread is something that a thread can be.
//
// The hash of a commit says that it is as it was written, not that whoever wrote it was right. What
// gets past here may be advanced: a node that there is, a question where there is one to answer,
// times that can be added to. Limits and policies are no part of it, for they may change between
// two versions that read the same threads.
//
// Each function says what is wrong, as part of a sentence on the commit; empty: nothing.
//
// Pure.

#include "homeostat/graph/due.hpp"
#include "homeostat/graph/join.hpp"
#include "homeostat/graph/nodes.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph {

namespace progress_check_detail {

/// No thread gets there, and one more of anything still fits its type.
constexpr std::uint64_t count_max = std::uint64_t{1} << 48U;
constexpr std::uint32_t attempts_max = 1U << 30U;
[[nodiscard]] inline bool is_time(Instant at) {
    return at >= instant_min && at <= Instant{uptime_max};
}

template <class T>
[[nodiscard]] bool contains(const std::vector<T>& list, const T& one) {
    return std::ranges::find(list, one) != list.end();
}

/// What only a task of some status has, and has to have.
template <class D>
[[nodiscard]] std::string wrong_with_status(const Task<D>& task, const NodeShape& shape) {
    const auto is_one_of = [&](auto... statuses) { return ((task.status == statuses) || ...); };
    using enum TaskStatus;
    if (is_one_of(waiting, lost) && shape.kind != NodeKind::think && shape.kind != NodeKind::act) {
        return "waits at a node that does not";
    }
    if (is_one_of(asking) && shape.kind != NodeKind::ask) {
        return "asks at a node that does not";
    }
    if (is_one_of(asking) != task.question.has_value()) {
        return is_one_of(asking) ? "asks without a question" : "has a question and does not ask";
    }
    if (is_one_of(retrying) && !task.wake_at) {
        return "is to be tried again at no time";
    }
    if (!task.writes.empty() && !is_one_of(waiting, lost, finished)) {
        return "has written before it ran";
    }
    if (is_one_of(finished) ? task.targets.empty() == shape.is_choice : !task.targets.empty()) {
        return "does not lead to where its node does";
    }
    return {};
}

template <class D>
[[nodiscard]] std::string wrong_with_numbers(const Task<D>& task, const Progress<D>& progress) {
    const bool is_known = task.id >= 1 && task.id <= progress.tasks_made;
    const bool is_numbered =
        task.attempt >= 1 && task.attempt <= attempts_max && task.attempts_forgiven < task.attempt;
    const bool is_timed = is_time(task.first_attempt_at) && is_time(task.attempt_at) &&
                          is_time(task.heard_at) &&
                          (!task.wake_at || *task.wake_at >= instant_min) &&
                          (!task.question || task.question->deadline_at >= instant_min);
    return !is_known      ? "was never made"
           : !is_numbered ? "counts attempts that cannot be"
           : !is_timed    ? "has a time that cannot be"
                          : "";
}

template <class D>
[[nodiscard]] std::string wrong_with(const Task<D>& task,
                                     const Progress<D>& progress,
                                     const Nodes<D>& nodes,
                                     const std::string& thread) {
    const Node<D>* node = nodes.find(task.node);
    if (node == nullptr) {
        return "is of no node of the graph";
    }
    for (const std::string& wrong :
         {wrong_with_numbers(task, progress), wrong_with_status(task, node->shape),
          wrong_with_writes<typename D::State>(task.writes, WritesOf::task)}) {
        if (!wrong.empty()) {
            return wrong;
        }
    }
    if (task.question && task.question->id != question_id(thread, task.id, task.attempt)) {
        return "asks a question of another task";
    }
    for (const Target<D>& target : task.targets) {
        if (!contains(node->shape.successors, target.node)) {
            return "leads to a node that is no successor";
        }
    }
    const Node<D>* failed = task.failure ? nodes.find(task.failure->node) : nullptr;
    const bool deals_with_it = failed != nullptr && failed->shape.on_error == task.node;
    return task.failure && !deals_with_it ? "deals with a failure that leads elsewhere" : "";
}

template <class D>
[[nodiscard]] std::string wrong_with_arrivals(const Progress<D>& progress, const Nodes<D>& nodes) {
    for (const auto& [join, arrived] : progress.arrivals) {
        const Node<D>* node = nodes.find(join);
        if (node == nullptr || node->shape.after.empty()) {
            return "something arrived where nothing is joined";
        }
        const std::vector<std::string>& after = node->shape.after;
        const bool is_set =
            std::ranges::adjacent_find(arrived, std::ranges::greater_equal{}) == arrived.end();
        const bool is_awaited = std::ranges::all_of(
            arrived, [&](const std::string& from) { return contains(after, from); });
        if (arrived.empty() || !is_set || !is_awaited || arrived.size() >= after.size()) {
            return "what arrived at " + join + " is not some of what it waits for";
        }
    }
    return {};
}

/// Whether the status of the thread and those of its tasks go together.
template <class D>
[[nodiscard]] std::string wrong_with_status(const Progress<D>& progress, const Nodes<D>& nodes) {
    const std::vector<Task<D>>& tasks = progress.tasks;
    const bool has_ended = progress.status == ThreadStatus::ended;
    const auto all_are = [&](TaskStatus status) {
        return std::ranges::all_of(tasks,
                                   [&](const Task<D>& task) { return task.status == status; });
    };
    const bool has_failed = std::ranges::any_of(
        tasks, [](const Task<D>& task) { return task.status == TaskStatus::failed; });
    if (has_ended != tasks.empty() || (has_ended && !progress.arrivals.empty())) {
        return has_ended ? "it has ended with something left to do" : "it has nothing left to do";
    }
    if (has_ended) {
        return progress.trouble.empty() ? "" : "it has ended in trouble";
    }
    const bool is_parked = progress.status == ThreadStatus::parked;
    if (is_parked == progress.trouble.empty()) {
        return "only a parked thread is in trouble, and says in which";
    }
    if (all_are(TaskStatus::finished)) {
        return "all of its tasks have finished, and it did not go on";
    }
    if (!is_parked && has_failed) {
        return "a task has failed for good, and it is not parked";
    }
    const bool pauses = std::ranges::any_of(
        tasks, [&](const Task<D>& task) { return nodes.at(task.node).shape.pauses_before; });
    const bool is_paused = progress.status == ThreadStatus::paused;
    return is_paused && !(pauses && all_are(TaskStatus::ready)) ? "it is paused before nothing"
                                                                : "";
}

}  // namespace progress_check_detail

/// What is wrong with `progress` as that of `thread`; empty: nothing.
template <class D>
[[nodiscard]] std::string wrong_with(const Progress<D>& progress,
                                     const Nodes<D>& nodes,
                                     const std::string& thread) {
    namespace detail = progress_check_detail;
    if (progress.tasks_made > detail::count_max || progress.step > detail::count_max ||
        progress.deaths_count > detail::attempts_max || !detail::is_time(progress.pace.since)) {
        return "it counts what cannot be";
    }
    std::set<std::uint64_t> ids;
    for (const Task<D>& task : progress.tasks) {
        if (!ids.insert(task.id).second) {
            return "task " + std::to_string(task.id) + " stands twice";
        }
        if (std::string wrong = detail::wrong_with(task, progress, nodes, thread); !wrong.empty()) {
            return "task " + std::to_string(task.id) + " " + wrong;
        }
    }
    std::string wrong = detail::wrong_with_arrivals(progress, nodes);
    return wrong.empty() ? detail::wrong_with_status(progress, nodes) : wrong;
}

}  // namespace homeostat::graph
