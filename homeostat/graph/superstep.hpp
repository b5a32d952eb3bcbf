#pragma once

// Superstep: what one input makes of a thread.
//
// All tasks of a superstep see the state as it was before it, each with its own writes besides. A
// task may take many turns, over days: what it has written so far is kept with it. What follows
// once the last one has ended stands in barrier.hpp.
//
// Whatever goes against the graph's own word (a way that was not declared, two writes to a value
// that takes one, a bound that is hit) parks the thread as it was before the input: readable, with
// the reason, and for a person to look at.
//
// Pure. Lives as long as one input.

#include "homeostat/graph/barrier.hpp"
#include "homeostat/graph/delta.hpp"
#include "homeostat/graph/join.hpp"
#include "homeostat/graph/nodes.hpp"
#include "homeostat/graph/turn_check.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph {

template <class D>
class Superstep {
  public:
    using State = D::State;

    Superstep(const Nodes<D>& nodes, const Thread<D>& thread, const Surroundings<D>& around)
        : nodes_(nodes), before_(thread), around_(around) {
        advance_.delta.progress = thread.progress;
    }

    /// What `act` does with the tasks, then what follows from it. ERRORS: those of `act`.
    template <class Act>
    [[nodiscard]] Result<Advance<D>> run(const Act& act) {
        const bool may_spin = before_.progress.status == ThreadStatus::running;
        if (may_spin && !take_step(progress().pace, around_.now)) {
            return park(before_, progress().pace, "it spins: " + steps_max_text());
        }
        if (Result<void> acted = act(*this); !acted) {
            return std::unexpected(acted.error());
        }
        if (violation_.empty()) {
            Barrier<D> barrier(nodes_, before_, around_.now);
            violation_ = barrier.conclude(advance_.delta);
        }
        if (!violation_.empty()) {
            return park(before_, progress().pace, std::move(violation_));
        }
        advance_.needs_sync |=
            progress().status == ThreadStatus::parked || progress().status == ThreadStatus::ended;
        return std::move(advance_);
    }

    [[nodiscard]] Progress<D>& progress() { return advance_.delta.progress; }
    [[nodiscard]] const Thread<D>& thread() const { return before_; }
    [[nodiscard]] const Nodes<D>& nodes() const { return nodes_; }
    [[nodiscard]] Instant now() const { return around_.now; }

    /// The task's node runs for the first time in this attempt, or asks its question.
    void enter(Task<D>& task) {
        const Node<D>& node = nodes_.at(task.node);
        if (node.shape.kind == NodeKind::ask) {
            return ask(task, node);
        }
        task.looks_first |= task.status == TaskStatus::lost;
        take_turn(task, task.looks_first ? Event<D>(Resumed{}) : Event<D>(Entered{}));
    }

    void take_turn(Task<D>& task, const Event<D>& event) {
        const Node<D>& node = nodes_.at(task.node);
        task.heard_at = around_.now;
        task.wake_at.reset();
        const Context<D> context = context_of(task);
        if (task.writes.empty()) {
            return settle(task, node, node.run(before_.state, event, context));
        }
        State own = before_.state;
        for (const Write<State>& write : joined_own(task)) {
            apply(own, write);
        }
        settle(task, node, node.run(own, event, context));
    }

    /// The attempt is over and has come to nothing.
    void fail_attempt(Task<D>& task, std::string because, bool is_of_unknown_fate) {
        const Node<D>& node = nodes_.at(task.node);
        task.writes.clear();
        task.question.reset();
        task.heard_at = around_.now;
        task.trouble = std::move(because);
        task.looks_first |= is_of_unknown_fate;
        const std::uint32_t attempts_made = task.attempt - task.attempts_forgiven;
        if (attempts_made < node.policy.attempts_max) {
            task.status = TaskStatus::retrying;
            task.wake_at = around_.now + wait_after(node.policy, attempts_made);
            task.attempt += 1;
            return;
        }
        if (!node.shape.on_error.empty() && !task.failure) {
            Failure failure{task.node, std::move(task.trouble)};
            std::optional<typename D::Argument> argument = std::move(task.argument);
            task = make_task(progress(), node.shape.on_error, around_.now);
            task.failure = std::move(failure);
            task.argument = std::move(argument);
            return;
        }
        task.status = TaskStatus::failed;
    }

    /// Its time counts from here: the thread may have stood still since the task was made.
    void begin_attempt(Task<D>& task) {
        task.attempt_at = around_.now;
        if (task.attempt == 1) {
            task.first_attempt_at = around_.now;
        }
        enter(task);
    }

    /// A process ended while the thread was in this superstep. One too many may be its doing.
    void count_death() {
        progress().deaths_count += 1;
        if (progress().deaths_count > nodes_.limits().deaths_max) {
            violation_ = std::to_string(progress().deaths_count) +
                         " processes ended in this superstep: it may be what ends them";
        }
    }

  private:
    [[nodiscard]] Context<D> context_of(const Task<D>& task) const {
        return {.now = around_.now,
                .around = around_.around,
                .task = task.id,
                .attempt = task.attempt,
                .first_attempt_at = task.first_attempt_at,
                .argument = task.argument ? &*task.argument : nullptr,
                .failure = task.failure ? &*task.failure : nullptr};
    }

    [[nodiscard]] std::vector<Write<State>> joined_own(const Task<D>& task) const {
        Join<State> join(before_.state);
        const Result<void> added = join.add(task.node, task.writes);
        ensure(added.has_value(), "one task writes a last value once");
        return std::move(join).take();
    }

    void ask(Task<D>& task, const Node<D>& node) {
        task.status = TaskStatus::asking;
        task.heard_at = around_.now;
        task.question = {.id = question_id(before_.id, task.id, task.attempt),
                         .question = node.ask->question(before_.state, context_of(task)),
                         .deadline_at = around_.now + node.ask->silence_for_max};
        advance_.needs_sync = true;
    }

    void settle(Task<D>& task, const Node<D>& node, Turn<D> turn) {
        const bool may_act = !before_.progress.is_branch || around_.is_simulated;
        if (std::string wrong = TurnCheck<D>::wrong_with(node.shape, turn, may_act);
            !wrong.empty()) {
            violation_ = "node " + node.shape.name + " " + wrong;
            return;
        }
        if (turn.end_ == TurnEnd::fail) {
            return fail_attempt(task, std::move(turn.failure_), false);
        }
        keep_writes(task, std::move(turn.writes_).take());
        std::ranges::move(turn.records_, std::back_inserter(advance_.records));
        for (typename D::Command& command : turn.commands_) {
            advance_.commands.push_back({task.id, task.attempt, std::move(command)});
        }
        advance_.needs_sync |= node.shape.kind != NodeKind::think;
        const bool stays = turn.end_ == TurnEnd::stay;
        task.status = stays ? TaskStatus::waiting : TaskStatus::finished;
        if (stays && turn.wake_at_) {
            task.wake_at = std::max(*turn.wake_at_, around_.now);
        } else if (!stays) {
            task.targets = std::move(turn.targets_);
        }
        task.question.reset();
    }

    const Nodes<D>& nodes_;
    const Thread<D>& before_;
    const Surroundings<D>& around_;
    Advance<D> advance_;
    std::string violation_;
};

}  // namespace homeostat::graph
