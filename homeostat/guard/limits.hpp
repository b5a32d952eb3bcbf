#pragma once

// Limits: how much Homeostat may do on its own. Parsed and validated once, in app/.
//
// Every default is safe: nothing is permitted until a person raises the autonomy of a remedy.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/fleet_word.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/verdict.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::guard {

struct Limits {
    /// Per target and remedy kind, from the close of the incident that used it. 0 = none.
    Duration cool_down{std::chrono::minutes{2}};
    /// Remedies per incident; for reflexes also restarts per instance inside `effects_window`.
    /// 0 = never act.
    std::uint32_t attempts_max{3};
    /// Serving instances that must remain after every step. 0 = the group may go down.
    std::uint32_t min_healthy{1};
    /// Effects over all targets inside `effects_window`. 0 = never act. A rollback of three drained
    /// instances takes ten, its undo ten more.
    std::uint32_t effects_max{30};
    Duration effects_window{std::chrono::minutes{10}};
    /// What somebody else took back so often within `taken_back_window` is not done again. 0 =
    /// never.
    std::uint32_t taken_back_max{2};
    /// Share of the instances that may look dead at once; above it the observer is the suspect.
    /// 0 = two are too many; 1 = never.
    double freeze_above{0.5};
    /// Wait before the second reflex restart of an instance; doubles from then on.
    Duration back_off_first{std::chrono::seconds{1}};
    Duration back_off_max{std::chrono::seconds{30}};
    /// A kind of which one did not help acts no more alone until a person promotes it. The
    /// configuration's default is true; here it is what ledgers from before it mean.
    bool demotes{false};
    /// What was proven to help so often within `successes_window`, at one target against one kind
    /// of symptom, asks a person from then on: it comes back each time. 0 = never, as in ledgers
    /// from before it; the configuration's default is 3.
    std::uint32_t successes_max{0};
    Duration successes_window{std::chrono::hours{1}};
    /// More questions to people are not asked within an hour: whoever is asked too often says yes
    /// without reading. 0 = nobody is ever asked. Absent: there is no such limit.
    std::optional<std::uint32_t> questions_per_hour_max{};
    /// What nothing brings back may be done at all, once a person has agreed to just that.
    bool destructive_allowed{false};
    /// Who outside has to have a decision for a remedy of the kind before it begins: sinks and
    /// witnesses by their names. Absent, and for a kind that is missing: nobody.
    std::optional<std::map<RemedyKind, std::vector<std::string>>> confirmed_by{};
    /// The budget of a fleet. Absent: there is none to ask.
    std::optional<FleetLimits> fleet{};
    /// A kind that is missing here stands at `watch`.
    std::map<RemedyKind, Autonomy> autonomy;
    /// So does a task.
    std::map<TaskId, Autonomy> tasks{};

    /// Of all tasks the highest: each has an autonomy of its own.
    [[nodiscard]] Autonomy autonomy_of(RemedyKind kind) const {
        if (kind == RemedyKind::run_task) {
            Autonomy highest = Autonomy::watch;
            for (const auto& [task, level] : tasks) {
                highest = std::max(highest, level);
            }
            return highest;
        }
        const auto found = autonomy.find(kind);
        return found == autonomy.end() ? Autonomy::watch : found->second;
    }

    /// What is destructive never goes further than `ask`.
    [[nodiscard]] Autonomy autonomy_of(const Remedy& remedy) const {
        const DeclaredTask* task = task_of(remedy);
        if (task == nullptr) {
            return autonomy_of(kind_of(remedy));
        }
        const auto found = tasks.find(task->task);
        const Autonomy level = found == tasks.end() ? Autonomy::watch : found->second;
        return task->is_destructive ? std::min(level, Autonomy::ask) : level;
    }

    [[nodiscard]] Autonomy autonomy_in_effect(const Remedy& remedy) const {
        return task_of(remedy) != nullptr ? autonomy_of(remedy)
                                          : autonomy_in_effect(kind_of(remedy));
    }

    /// Of what a remedy of this kind does: where its plan needs two permissions the lower counts.
    [[nodiscard]] Autonomy autonomy_in_effect(RemedyKind kind) const {
        return kind == RemedyKind::reroute
                   ? std::min(autonomy_of(kind), autonomy_of(RemedyKind::invalidate_cache))
                   : autonomy_of(kind);
    }

    /// As the ledger keeps them: a limit that is missing here would make replays differ.
    static void fields(auto& self, auto&& field) {
        field("cool_down", self.cool_down);
        field("attempts_max", self.attempts_max);
        field("min_healthy", self.min_healthy);
        field("effects_max", self.effects_max);
        field("effects_window", self.effects_window);
        field("taken_back_max", self.taken_back_max, may_be_absent);
        field("freeze_above", self.freeze_above, may_be_absent);
        field("back_off_first", self.back_off_first);
        field("back_off_max", self.back_off_max);
        field("questions_per_hour_max", self.questions_per_hour_max);
        field("demotes", self.demotes, may_be_absent);
        field("successes_max", self.successes_max, may_be_absent);
        field("successes_window", self.successes_window, may_be_absent);
        field("destructive_allowed", self.destructive_allowed, may_be_absent);
        field("confirmed_by", self.confirmed_by);
        field("fleet", self.fleet);
        field("autonomy", self.autonomy);
        field("tasks", self.tasks, may_be_absent);
    }
    friend bool operator==(const Limits&, const Limits&) = default;
};

/// A person's leave is good for so long. What was true when they read the question may not be
/// later.
constexpr Duration approval_for_max = std::chrono::minutes{5};

/// The window of `questions_per_hour_max`.
constexpr Duration questions_window = std::chrono::hours{1};

/// Who has said no is not asked for the same again for so long, whatever incident it is.
constexpr Duration denial_for = std::chrono::hours{1};

/// Facts older than this are not the world any more (a read takes some 20 ms).
constexpr Duration facts_age_max = std::chrono::seconds{2};

/// How soon a refusal that may pass by itself is worth asking again.
constexpr Duration ask_again_after = std::chrono::milliseconds{500};

/// For how long after the first refusal we go on asking again. Edge counters need one interval (≤ 1
/// s) to show a fault; an instance needs some seconds to come back.
constexpr Duration ask_again_for_max = std::chrono::seconds{30};

/// For how long an incident lets neighbours' words delay it, in all: what a neighbour that lies
/// can cost. A restart with its drain is over by then; who takes longer has been given its time.
constexpr Duration heed_for_max = std::chrono::seconds{30};
/// After so long a neighbour is asked again, whatever it has said.
constexpr Duration heed_word_for_max = std::chrono::seconds{10};

/// For how long a second kind of observer may take to confirm that much is dead. The edge counts a
/// failure once its request is given up, which takes a second or so, and is read once a second.
/// Counted from when the executor first saw them dead.
constexpr Duration confirm_for_max = std::chrono::seconds{3};

/// Within so long of what we did. Once may be chance, as the reload of a proxy; who takes it back
/// twice means it, and knows more than we do.
constexpr Duration taken_back_window = std::chrono::minutes{10};

}  // namespace homeostat::guard
