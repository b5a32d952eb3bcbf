#pragma once

// Take: what each input does to the tasks of a thread.
//
// An input that does not fit the thread as it is, is refused, and nothing is kept of it: a second
// answer, an answer to nothing, a message that nobody waits for, work for a thread that is parked.
//
// Pure.

#include "homeostat/graph/due.hpp"
#include "homeostat/graph/input.hpp"
#include "homeostat/graph/superstep.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph {

template <class D>
Result<void> take(Superstep<D>& step, const Go&) {
    bool has_run = false;
    for (Task<D>& task : step.progress().tasks) {
        if (task.status == TaskStatus::ready) {
            step.begin_attempt(task);
        } else if (task.status == TaskStatus::lost) {
            step.enter(task);
        } else {
            continue;
        }
        has_run = true;
    }
    return has_run ? Result<void>()
                   : fail(Fault::invalid, "nothing of thread " + step.thread().id + " is ready");
}

template <class D>
Result<void> take(Superstep<D>& step, const Tell<D>& told) {
    Task<D>* found = nullptr;
    std::size_t waiting_count = 0;
    for (Task<D>& task : step.progress().tasks) {
        const bool is_meant = told.task == 0 || told.task == task.id;
        if (task.status == TaskStatus::waiting && is_meant) {
            found = &task;
            waiting_count += 1;
        }
    }
    if (found == nullptr || (told.attempt != 0 && told.attempt != found->attempt)) {
        return fail(Fault::refused,
                    "nobody in thread " + step.thread().id + " waits for that message any more");
    }
    if (waiting_count > 1) {
        return fail(Fault::invalid, "several tasks of thread " + step.thread().id +
                                        " wait: the message has to say which it is for");
    }
    step.take_turn(*found, Event<D>(std::in_place_index<4>, told.message));
    return {};
}

template <class D>
bool take_due(Superstep<D>& step, Task<D>& task) {
    const Node<D>& node = step.nodes().at(task.node);
    const std::optional<Instant> due = due_at(task, node.policy);
    if (!due || *due > step.now()) {
        return false;
    }
    if (overdue_at(task, node.policy) == due) {
        step.fail_attempt(task, "the attempt took too long", true);
    } else if (task.status == TaskStatus::asking) {
        step.take_turn(task, Answered<D>{node.ask->by_silence, true});
    } else if (task.status == TaskStatus::retrying) {
        step.begin_attempt(task);
    } else {
        step.take_turn(task, Woken{});
    }
    return true;
}

template <class D>
Result<void> take(Superstep<D>& step, const Tick&) {
    bool has_run = false;
    for (Task<D>& task : step.progress().tasks) {
        has_run |= take_due(step, task);
    }
    return has_run ? Result<void>()
                   : fail(Fault::invalid, "nothing of thread " + step.thread().id + " is due");
}

/// Why there is no open question with that id.
template <class D>
[[nodiscard]] Error no_such_question(const Thread<D>& thread, const std::string& id) {
    // Back from the latest: nobody's answer is later than that.
    constexpr std::uint64_t tasks_max = 1'000;
    constexpr std::uint32_t attempts_max = 4;
    const std::uint64_t made = thread.progress.tasks_made;
    for (std::uint64_t back = 0; back < std::min(made, tasks_max); ++back) {
        for (std::uint32_t attempt = 1; attempt <= attempts_max; ++attempt) {
            if (question_id(thread.id, made - back, attempt) == id) {
                return {Fault::refused, "question " + id + " was answered already"};
            }
        }
    }
    return {Fault::invalid, "thread " + thread.id + " has no question " + id};
}

template <class D>
Result<void> take(Superstep<D>& step, const Reply<D>& reply) {
    std::vector<Task<D>*> open;
    for (Task<D>& task : step.progress().tasks) {
        const bool is_meant =
            reply.question.empty() || (task.question && task.question->id == reply.question);
        if (task.status == TaskStatus::asking && is_meant) {
            open.push_back(&task);
        }
    }
    if (open.empty()) {
        return reply.question.empty()
                   ? fail(Fault::refused, "thread " + step.thread().id + " asks nothing")
                   : std::unexpected(no_such_question(step.thread(), reply.question));
    }
    if (open.size() > 1) {
        return fail(Fault::invalid, "thread " + step.thread().id + " asks " +
                                        std::to_string(open.size()) +
                                        " questions: the answer has to say which it is for");
    }
    Task<D>& task = *open.front();
    if (task.question->deadline_at <= step.now()) {
        return fail(Fault::refused, "question " + task.question->id +
                                        ": the time for an answer is over, and silence is one");
    }
    const Ask<D>& ask = *step.nodes().at(task.node).ask;
    if (ask.check) {
        if (Result<void> checked = ask.check(task.question->question, reply.answer); !checked) {
            return fail("no answer to question " + task.question->id, checked.error());
        }
    }
    step.take_turn(task, Answered<D>{reply.answer, false});
    return {};
}

/// Something of the thread may have been running when its process ended.
template <class D>
[[nodiscard]] bool is_at_work(Superstep<D>& step) {
    return step.progress().status == ThreadStatus::running &&
           std::ranges::any_of(step.progress().tasks, [&](const Task<D>& task) {
               const auto due = due_at(task, step.nodes().at(task.node).policy);
               return is_ready(task.status) || task.status == TaskStatus::waiting ||
                      (due && *due <= step.now());
           });
}

template <class D>
Result<void> take(Superstep<D>& step, const Reopen& reopen) {
    const bool was_at_work = is_at_work(step);
    for (Task<D>& task : step.progress().tasks) {
        task.status = task.status == TaskStatus::waiting ? TaskStatus::lost : task.status;
        move_into_this_boot(task, step.now(), reopen.is_other_boot);
    }
    if (was_at_work && !reopen.is_same_process) {
        step.count_death();
    }
    return {};
}

template <class D>
Result<void> take(Superstep<D>& step, const Retry&) {
    Progress<D>& progress = step.progress();
    for (Task<D>& task : progress.tasks) {
        const bool has_failed = task.status == TaskStatus::failed;
        if (has_failed || task.status == TaskStatus::waiting || task.status == TaskStatus::lost) {
            task.status = has_failed ? TaskStatus::ready : TaskStatus::lost;
            task.attempts_forgiven = task.attempt;
            task.attempt += 1;
            task.attempt_at = step.now();
        }
    }
    progress.status = ThreadStatus::running;
    progress.trouble.clear();
    progress.deaths_count = 0;
    progress.pace = {};
    return {};
}

template <class D>
Result<void> take(Superstep<D>& step, const Release&) {
    step.progress().status = ThreadStatus::running;
    return {};
}

}  // namespace homeostat::graph
