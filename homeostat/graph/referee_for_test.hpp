#pragma once

// Referee: says whether a thread of the graph with every kind of node keeps its word.
//
// Pure. For tests only.

#include "homeostat/graph/every_kind_for_test.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace homeostat::graph::for_test {

using Wrong = std::optional<std::string>;

/// What a store would give: the latest snapshot and what follows.
inline std::vector<Commit> from_snapshot(std::vector<Commit> commits) {
    const auto latest = std::ranges::find_if(commits.rbegin(), commits.rend(),
                                             [](const Commit& one) { return one.is_snapshot; });
    commits.erase(commits.begin(), std::prev(latest.base()));
    return commits;
}

/// What the referee remembers of the acts of each task.
struct Acts {
    std::set<std::uint32_t> done_in;  ///< Attempts that acted.
    bool is_of_unknown_fate{false};   ///< An act of it, since the process or the attempt ended.
};

class Referee {
  public:
    explicit Referee(const LotGraph& graph) : graph_(graph) {}

    /// A thread that was made here is held to its limits, too, and one that was read is not.
    bool is_strict{true};

    void forget_acts() { acts_.clear(); }

    /// What the thread is about to do.
    [[nodiscard]] Wrong judge_acts(const Thread<Lot>& thread, const Advance<Lot>& advance) {
        for (const Addressed<Lot>& one : advance.commands) {
            if (thread.progress.is_branch) {
                return "a branch of the past acts";
            }
            Acts& acts = acts_[one.task];
            const bool is_act = one.command.starts_with("do ");
            if (is_act && acts.is_of_unknown_fate) {
                return "task " + std::to_string(one.task) +
                       " acts though an act is unaccounted for";
            }
            if (is_act && !acts.done_in.insert(one.attempt).second) {
                return "task " + std::to_string(one.task) + " acts twice in one attempt";
            }
        }
        return {};
    }

    void learn_fates(const Thread<Lot>& thread) {
        for (const Task<Lot>& task : thread.progress.tasks) {
            const auto acts = acts_.find(task.id);
            const bool is_unknown =
                task.status == TaskStatus::lost || task.trouble == "the attempt took too long";
            if (acts != acts_.end() && is_unknown) {
                acts->second.is_of_unknown_fate = true;
            }
        }
    }

    /// The thread as it is now.
    [[nodiscard]] Wrong judge(const Thread<Lot>& thread,
                              const std::vector<Commit>& commits,
                              Instant now) const {
        const Result<Thread<Lot>> read = graph_.load(from_snapshot(commits));
        if (!read) {
            return "what was kept is refused: " + read.error().text;
        }
        std::string kept;
        std::string there;
        to_binary(read->progress, kept);
        to_binary(thread.progress, there);
        if (kept != there || read->state != thread.state || read->hash != thread.hash ||
            read->id != thread.id || read->commits_count != thread.commits_count) {
            return "the thread that is read is not the one that was written";
        }
        if (thread.progress.status != ThreadStatus::running) {
            return {};
        }
        const auto goes_on = [](const Task<Lot>& task) {
            return task.status != TaskStatus::finished && task.status != TaskStatus::failed;
        };
        if (std::ranges::none_of(thread.progress.tasks, goes_on)) {
            return "it runs, and nothing is ready, waits, asks or is tried again";
        }
        const std::optional<Instant> due_at = graph_.due_at(thread);
        if (is_strict && due_at && *due_at > now + lot_wait_max) {
            return "it waits for longer than any wait of it is";
        }
        return is_strict ? judge_attempts(thread) : std::nullopt;
    }

  private:
    [[nodiscard]] static Wrong judge_attempts(const Thread<Lot>& thread) {
        for (const Task<Lot>& task : thread.progress.tasks) {
            constexpr std::uint32_t attempts_max = 3;
            if (task.attempt - task.attempts_forgiven > attempts_max) {
                return "task " + std::to_string(task.id) + " is tried too often";
            }
        }
        return {};
    }

    const LotGraph& graph_;
    std::map<std::uint64_t, Acts> acts_;
};

}  // namespace homeostat::graph::for_test
