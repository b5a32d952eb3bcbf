#pragma once

// Due: what a task waits for, and until when.
//
// Pure.

#include "homeostat/graph/thread.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace homeostat::graph {

/// No machine is up for longer, so that spans can be added to any time and times subtracted.
constexpr Duration uptime_max = std::chrono::hours{24 * 365 * 50};
constexpr Instant instant_min{-uptime_max};  ///< Below zero are times of an earlier boot.

[[nodiscard]] constexpr bool is_ready(TaskStatus status) {
    return status == TaskStatus::ready || status == TaskStatus::lost;
}

/// When the task's attempt will have taken too long; nothing: never.
template <class D>
[[nodiscard]] std::optional<Instant> overdue_at(const Task<D>& task, const Policy& policy) {
    std::optional<Instant> at;
    if (task.status != TaskStatus::waiting) {
        return at;
    }
    if (policy.attempt_for_max > Duration{}) {
        at = task.attempt_at + policy.attempt_for_max;
    }
    if (policy.idle_for_max > Duration{}) {
        const Instant idle_at = task.heard_at + policy.idle_for_max;
        at = std::min(at.value_or(idle_at), idle_at);
    }
    return at;
}

/// The earliest time that the task waits for; nothing: it waits for none.
template <class D>
[[nodiscard]] std::optional<Instant> due_at(const Task<D>& task, const Policy& policy) {
    if (task.status == TaskStatus::asking) {
        return task.question->deadline_at;
    }
    const bool waits = task.status == TaskStatus::waiting || task.status == TaskStatus::retrying;
    std::optional<Instant> at = waits ? task.wake_at : std::nullopt;
    if (const std::optional<Instant> overdue = overdue_at(task, policy)) {
        at = std::min(at.value_or(*overdue), *overdue);
    }
    return at;
}

/// After a reboot the clock begins anew. What is in the future then is moved back, so that no wait
/// is longer than it was when the task last heard something. Where it is known that the boot is
/// another, all is moved: nobody knows how much of a wait has passed, so it is as long as it was.
template <class D>
void move_into_this_boot(Task<D>& task, Instant now, bool is_known_other = false) {
    const Duration ahead = task.heard_at - now;
    if (ahead <= Duration{} && !is_known_other) {
        return;
    }
    const auto move = [ahead](Instant& at) { at = std::max(at - ahead, instant_min); };
    move(task.first_attempt_at);
    move(task.attempt_at);
    move(task.heard_at);
    if (task.wake_at) {
        move(*task.wake_at);
    }
    if (task.question) {
        move(task.question->deadline_at);
    }
}

/// In a thread that begins where another one was: what was asked is asked again, and what waited
/// has lost the reply.
template <class D>
void begin_in_branch(Task<D>& task, Instant now) {
    if (task.status == TaskStatus::asking) {
        task.status = TaskStatus::ready;
    } else if (task.status == TaskStatus::waiting) {
        task.status = TaskStatus::lost;
    }
    task.question.reset();
    move_into_this_boot(task, now);
}

}  // namespace homeostat::graph
