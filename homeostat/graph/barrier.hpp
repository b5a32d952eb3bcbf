#pragma once

// Barrier: the end of a superstep. Nobody passes before all tasks have finished; then their writes
// are joined in the order of the tasks, and their targets become the tasks of the next superstep:
// nodes by name, then what was sent in the order of sending.
//
// Pure. Lives as long as one input.

#include "homeostat/graph/delta.hpp"
#include "homeostat/graph/join.hpp"
#include "homeostat/graph/nodes.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph {

template <class D>
class Barrier {
  public:
    Barrier(const Nodes<D>& nodes, const Thread<D>& before, Instant now)
        : nodes_(nodes), before_(before), now_(now) {}

    /// What follows once each task has had its turn. Gives what goes against the graph's word,
    /// after which `delta` means nothing; empty: nothing does.
    [[nodiscard]] std::string conclude(Delta<D>& delta) const {
        Progress<D>& progress = delta.progress;
        const auto failed = std::ranges::find(progress.tasks, TaskStatus::failed, &Task<D>::status);
        if (failed != progress.tasks.end()) {
            progress.status = ThreadStatus::parked;
            progress.trouble = "node " + failed->node + " failed: " + failed->trouble;
            return {};
        }
        const bool is_over = std::ranges::all_of(progress.tasks, [](const Task<D>& task) {
            return task.status == TaskStatus::finished;
        });
        return is_over ? pass(delta) : "";
    }

  private:
    /// Of the nodes and what was sent, in the order in which they become tasks.
    struct Plan {
        std::vector<std::string> nodes;
        std::vector<Target<D>> sent;

        [[nodiscard]] std::size_t tasks_count() const { return nodes.size() + sent.size(); }
    };

    [[nodiscard]] std::string pass(Delta<D>& delta) const {
        Progress<D>& progress = delta.progress;
        Join<typename D::State> join(before_.state);
        for (Task<D>& task : progress.tasks) {
            if (Result<void> added = join.add(task.node, std::move(task.writes)); !added) {
                return added.error().text;
            }
        }
        delta.writes = std::move(join).take();
        Plan plan = plan_next(progress);
        const std::size_t tasks_max = nodes_.limits().tasks_max;
        if (plan.tasks_count() > tasks_max) {
            return "it would begin " + std::to_string(plan.tasks_count()) +
                   " tasks at once, at most are " + std::to_string(tasks_max);
        }
        if (plan.tasks_count() == 0 && !progress.arrivals.empty()) {
            return "nothing is left to do, and " + progress.arrivals.begin()->first +
                   " waits for a node that did not come";
        }
        begin_next(progress, std::move(plan));
        return {};
    }

    [[nodiscard]] Plan plan_next(Progress<D>& progress) const {
        Plan plan;
        for (Task<D>& task : progress.tasks) {
            const NodeShape& shape = nodes_.at(task.node).shape;
            if (!shape.is_choice) {
                for (const std::string& successor : shape.successors) {
                    arrive(progress, task.node, successor, plan);
                }
            }
            for (Target<D>& target : task.targets) {
                if (target.argument) {
                    plan.sent.push_back(std::move(target));
                } else {
                    arrive(progress, task.node, target.node, plan);
                }
            }
        }
        std::ranges::sort(plan.nodes);
        plan.nodes.erase(std::ranges::unique(plan.nodes).begin(), plan.nodes.end());
        return plan;
    }

    /// At a join until the last that it waits for has come; at any other node to stay.
    void arrive(Progress<D>& progress,
                const std::string& from,
                const std::string& node,
                Plan& plan) const {
        const std::vector<std::string>& awaited = nodes_.at(node).shape.after;
        if (awaited.empty()) {
            plan.nodes.push_back(node);
            return;
        }
        std::vector<std::string>& arrived = progress.arrivals[node];
        if (std::ranges::find(arrived, from) == arrived.end()) {
            arrived.push_back(from);
            std::ranges::sort(arrived);
        }
        if (arrived.size() == awaited.size()) {
            progress.arrivals.erase(node);
            plan.nodes.push_back(node);
        }
    }

    void begin_next(Progress<D>& progress, Plan plan) const {
        bool pauses = false;
        std::vector<Task<D>> next;
        next.reserve(plan.tasks_count());
        for (std::string& node : plan.nodes) {
            pauses |= nodes_.at(node).shape.pauses_before;
            next.push_back(make_task(progress, std::move(node), now_));
        }
        for (Target<D>& target : plan.sent) {
            pauses |= nodes_.at(target.node).shape.pauses_before;
            next.push_back(make_task(progress, std::move(target.node), now_));
            next.back().argument = std::move(target.argument);
        }
        progress.status = next.empty() ? ThreadStatus::ended
                          : pauses     ? ThreadStatus::paused
                                       : ThreadStatus::running;
        progress.tasks = std::move(next);
        progress.step += 1;
        progress.deaths_count = 0;
    }

    const Nodes<D>& nodes_;
    const Thread<D>& before_;
    Instant now_;
};

}  // namespace homeostat::graph
