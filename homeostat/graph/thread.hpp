#pragma once

// Thread: one run of a graph, as it is after its latest commit. What is not in here is forgotten by
// a crash.
//
// Pure. Values only.

#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/graph/commit.hpp"
#include "homeostat/graph/pace.hpp"
#include "homeostat/graph/turn.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace homeostat::graph {

enum class TaskStatus : std::uint8_t {
    ready,     ///< Its node has not run in this attempt yet.
    waiting,   ///< For a message or a time.
    lost,      ///< It was waiting, and what it asked for is of unknown fate now.
    asking,    ///< For a person's answer.
    retrying,  ///< The attempt has failed; the next one is due at `wake_at`.
    finished,  ///< It waits for the others of this superstep.
    failed,    ///< For good.
};

constexpr auto names_of(std::type_identity<TaskStatus>) {
    return std::to_array<std::string_view>(
        {"ready", "waiting", "lost", "asking", "retrying", "finished", "failed"});
}

enum class ThreadStatus : std::uint8_t {
    running,
    paused,  ///< In front of a node that it pauses before.
    parked,  ///< Something is wrong that a person has to see: `trouble` says what.
    ended,
};

constexpr auto names_of(std::type_identity<ThreadStatus>) {
    return std::to_array<std::string_view>({"running", "paused", "parked", "ended"});
}

template <class D>
struct OpenQuestion {
    std::string
        id;  ///< 16 hex digits of thread, task and attempt: the same wherever it is computed.
    typename D::Question question;
    Instant deadline_at{};

    static void fields(auto& self, auto&& field) {
        field("id", self.id);
        field("question", self.question);
        field("deadline_at", self.deadline_at);
    }
};

/// One node at work within a superstep.
template <class D>
struct Task {
    std::uint64_t id{0};  ///< 1, 2, 3, … over the life of the thread.
    std::string node;
    TaskStatus status{TaskStatus::ready};
    std::uint32_t attempt{1};  ///< What an earlier one is told is dropped. Never counted back.
    std::uint32_t attempts_forgiven{0};  ///< Before the latest Retry; the policy counts from there.
    Instant first_attempt_at{};
    Instant attempt_at{};
    Instant heard_at{};  ///< Its latest event.
    std::optional<Instant> wake_at{};
    std::optional<typename D::Argument> argument{};
    std::optional<Failure> failure{};  ///< What it deals with.
    std::string trouble{};             ///< Why its latest attempt failed.
    bool looks_first{false};           ///< What it once asked for is of unknown fate.
    std::optional<OpenQuestion<D>> question{};
    std::vector<Write<typename D::State>> writes{};  ///< Seen by itself only, until all have ended.
    std::vector<Target<D>> targets{};                ///< Once finished.

    static void fields(auto& self, auto&& field) {
        field("id", self.id);
        field("node", self.node);
        field("status", self.status);
        field("attempt", self.attempt);
        field("attempts_forgiven", self.attempts_forgiven);
        field("first_attempt_at", self.first_attempt_at);
        field("attempt_at", self.attempt_at);
        field("heard_at", self.heard_at);
        field("wake_at", self.wake_at);
        field("argument", self.argument);
        field("failure", self.failure);
        field("trouble", self.trouble);
        field("looks_first", self.looks_first);
        field("question", self.question);
        field("writes", self.writes);
        field("targets", self.targets);
    }
};

/// Adds to what the task has written. The later value for a channel that takes one counts.
template <class D>
void keep_writes(Task<D>& task, std::vector<Write<typename D::State>> writes) {
    for (Write<typename D::State>& write : writes) {
        const bool replaces = std::visit(
            []<class W>(const W&) { return W::Channel::kind == ChannelKind::last_value; }, write);
        if (replaces) {
            std::erase_if(task.writes, [&](const Write<typename D::State>& earlier) {
                return earlier.index() == write.index();
            });
        }
        task.writes.push_back(std::move(write));
    }
}

/// Everything of a thread but its state: small, and kept whole with every commit.
template <class D>
struct Progress {
    ThreadStatus status{ThreadStatus::running};
    std::string trouble{};          ///< Why it is parked.
    std::uint64_t step{0};          ///< Supersteps completed.
    Pace pace{};                    ///< Of commits.
    std::uint32_t deaths_count{0};  ///< Processes that ended in this superstep.
    std::uint64_t tasks_made{0};
    std::vector<Task<D>> tasks{};  ///< Of this superstep, in the order in which their writes count.
    std::map<std::string, std::vector<std::string>> arrivals{};  ///< At each join, who came so far.
    bool is_branch{false};  ///< Of another thread's past: it may not act on the world.

    static void fields(auto& self, auto&& field) {
        field("status", self.status);
        field("trouble", self.trouble);
        field("step", self.step);
        field("commits_count", self.pace.steps_count);
        field("commits_since", self.pace.since);
        field("deaths_count", self.deaths_count);
        field("tasks_made", self.tasks_made);
        field("tasks", self.tasks);
        field("arrivals", self.arrivals);
        field("is_branch", self.is_branch);
    }
};

/// One more task of the thread, which has not run yet.
template <class D>
[[nodiscard]] Task<D> make_task(Progress<D>& progress, std::string node, Instant now) {
    Task<D> task;
    task.id = ++progress.tasks_made;
    task.node = std::move(node);
    task.first_attempt_at = task.attempt_at = task.heard_at = now;
    return task;
}

/// What was kept from the latest snapshot on. Told by the commits, so not kept itself.
struct SinceSnapshot {
    std::size_t snapshot_bytes{0};  ///< Of its body.
    std::size_t deltas_bytes{0};    ///< Of the bodies of the commits after it.
    std::uint64_t deltas_count{0};
};

template <class D>
struct Thread {
    std::string id;
    std::uint64_t graph_digest{0};  ///< Of the graph that it runs on; another one refuses it.
    std::uint64_t commits_count{0};
    ContentHash hash{};  ///< Of its latest commit; the next one names it.
    SinceSnapshot since_snapshot{};
    Progress<D> progress;
    typename D::State state;

    [[nodiscard]] bool has_ended() const { return progress.status == ThreadStatus::ended; }
};

}  // namespace homeostat::graph
