#pragma once

// DeclaredTask: what an operator says of a task, a remedy of their own.
//
// What it does (a command, a request) stands in their configuration alone and never travels: a
// remedy names it, with the digest of its declaration. So what a person agreed to and what was
// proven is voided by any other declaration, and no proposal can bring one along. The flags are
// within the digest, too; guard compares all of it with the executor's own facts.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy_kind.hpp"
#include "homeostat/domain/symptom.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat {

/// What a task may be declared for besides its own check. What has ended is a reflex's, and no
/// task is waited for there.
constexpr std::array symptoms_for_tasks{SymptomKind::errors, SymptomKind::latency,
                                        SymptomKind::instance_not_answering,
                                        SymptomKind::stale_cache};

struct DeclaredTask {
    TaskId task;
    std::string declaration;     ///< SHA-256 of its canonical form, hex.
    bool is_reversible{false};   ///< It declares how it is taken back.
    bool is_repeatable{false};   ///< Once more does no harm, whatever became of the last time.
    bool is_destructive{true};   ///< What it removes, nothing brings back.
    bool keeps_capacity{false};  ///< It takes no instance out. False: it may take any.
    /// Of `symptoms_for_tasks`: it is for these as well, while its check fails, too.
    std::vector<SymptomKind> also_for{};

    static void fields(auto& self, auto&& field) {
        field("task", self.task);
        field("declaration", self.declaration);
        field("is_reversible", self.is_reversible);
        field("is_repeatable", self.is_repeatable);
        field("is_destructive", self.is_destructive);
        field("keeps_capacity", self.keeps_capacity);
        field("also_for", self.also_for, may_be_absent);
    }
    friend bool operator==(const DeclaredTask&, const DeclaredTask&) = default;
};

/// The symptom is what its own check says.
[[nodiscard]] inline bool is_own_check(const DeclaredTask& task, const Symptom& symptom) {
    return symptom.kind == SymptomKind::check_failing && symptom.subject.name == task.task.text();
}

/// It is declared for such a symptom. Whether there is anything to do its check alone says.
[[nodiscard]] inline bool is_declared_for(const DeclaredTask& task, const Symptom& symptom) {
    const bool is_listed =
        std::ranges::find(task.also_for, symptom.kind) != task.also_for.end() &&
        std::ranges::find(symptoms_for_tasks, symptom.kind) != symptoms_for_tasks.end();
    return is_listed || is_own_check(task, symptom);
}

/// Do what the operator has declared under this name, once.
struct RunTask {
    static constexpr std::string_view kind_name = "run_task";
    static constexpr RemedyKind kind = RemedyKind::run_task;
    DeclaredTask of;
    static void fields(auto& self, auto&& field) { DeclaredTask::fields(self.of, field); }
    friend bool operator==(const RunTask&, const RunTask&) = default;
};

/// Do what they have declared to take it back. The inverse of `RunTask`, and on no menu.
struct TakeBackTask {
    static constexpr std::string_view kind_name = "take_back_task";
    static constexpr RemedyKind kind = RemedyKind::take_back_task;
    DeclaredTask of;
    static void fields(auto& self, auto&& field) { DeclaredTask::fields(self.of, field); }
    friend bool operator==(const TakeBackTask&, const TakeBackTask&) = default;
};

/// A task as the agent watches it: when its check counts as failing.
struct WatchedTask {
    DeclaredTask of;
    std::uint32_t fails_max{1};  ///< Failed checks in a row that are no symptom yet, plus one.

    friend bool operator==(const WatchedTask&, const WatchedTask&) = default;
};

/// A task as the executor finds it. There is none while its check has not answered since it was
/// run last: what one said that began before is not the world any more.
struct TaskFacts {
    DeclaredTask of;        ///< As it is declared now.
    bool is_well{false};    ///< What its check says.
    Instant checked_at{};   ///< When that check began.
    bool is_proven{false};  ///< `homeostat remedy test` has tried just this declaration.

    static void fields(auto& self, auto&& field) {
        DeclaredTask::fields(self.of, field);
        field("is_well", self.is_well);
        field("checked_at", self.checked_at);
        field("is_proven", self.is_proven);
    }
    friend bool operator==(const TaskFacts&, const TaskFacts&) = default;
};

/// Of the tasks that one actuator runs. One whose check does not answer is no reason not to act
/// elsewhere, so it is missing here and no failed read.
struct TasksFacts {
    std::vector<TaskFacts> tasks;
    Instant read_at{};
};

/// What a check said is the world for so long: it may take some seconds itself.
constexpr Duration check_age_max = std::chrono::seconds{10};

}  // namespace homeostat
