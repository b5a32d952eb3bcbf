#pragma once

// Demotion: a kind of remedy that may no longer act alone, because verification found that one of
// it did not help, or because a person took one back. Each declared task is a kind of its own here:
// that one did not help says nothing of another. What helped again and again within a short time
// may not go on alone either, but at that target and against that kind of symptom only: whatever
// comes back each time is not cured.
//
// Promoting is a person's: nothing of ours raises what a demotion has lowered, and no time does. It
// is kept in the ledger as an entry of its own rather than inferred from proofs, so that whoever
// reads the ledger later need not know by which rule it was decided then.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/remedy_kind.hpp"
#include "homeostat/domain/symptom.hpp"

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace homeostat {

/// What came back after each cure.
struct Relapse {
    std::string target;  ///< As guard names it: an instance, a neighbour, a cache or the service.
    SymptomKind symptom{SymptomKind::errors};

    static void fields(auto& self, auto&& field) {
        field("target", self.target);
        field("symptom", self.symptom);
    }
    friend auto operator<=>(const Relapse&, const Relapse&) = default;
};

/// The body of a `demoted` entry.
struct Demotion {
    RemedyKind remedy{RemedyKind::observe};
    IncidentId incident;               ///< In which it did not help, or helped once more.
    std::string because;               ///< What verification said, or the person who took it back.
    std::string by{};                  ///< User name of that person; empty: verification did.
    std::optional<TaskId> task{};      ///< Of `run_task`: that one alone. Absent: all of the kind.
    std::optional<Relapse> relapse{};  ///< It helped against just this, too often. Absent: all.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("incident", self.incident);
        field("because", self.because);
        field("by", self.by, may_be_absent);
        field("task", self.task);
        field("relapse", self.relapse);
    }
    friend bool operator==(const Demotion&, const Demotion&) = default;
};

/// The body of a `promoted` entry: a person says that the kind may do again what its configuration
/// lets it do.
struct PromotedBody {
    RemedyKind remedy{RemedyKind::observe};
    std::string by;                ///< User name of the caller, from the socket's peer credentials.
    std::string because;           ///< Their words; at most 200 bytes, never decided on.
    std::optional<TaskId> task{};  ///< Of `run_task`: that one. Absent: every demotion of the kind.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("by", self.by);
        field("because", self.because);
        field("task", self.task);
    }
};

/// What a demotion of `remedy` is of: the kind and, of a declared task, its name.
[[nodiscard]] Demotion demotion_for(const Remedy& remedy, IncidentId incident, std::string because);

/// "run_task clean_spool", "rollback", "restart of payments-1 against errors", for people.
[[nodiscard]] std::string describe(const Demotion& demotion);

/// "it did not help in i-7", "alice took it back in i-7", "it was proven to help 3 times (...), the
/// last time in i-7", for people. Holds words of theirs where they were recorded.
[[nodiscard]] std::string why(const Demotion& demotion);

/// The kinds that are demoted now.
struct Demotions {
    /// Of a kind, or task, at so many targets a relapse is a demotion of its own. One more is of
    /// the whole kind: what comes back everywhere is no matter of a target.
    static constexpr std::size_t relapses_max = 16;

    /// Each kind once, and of `run_task` each task, in the order of the kinds and the names; and
    /// behind each its relapses.
    std::vector<Demotion> all;

    /// Takes in an entry, in the order of the ledger.
    void learn(const Entry& entry);

    /// What a person's word would lift: that of the whole kind without `task`, or any of its tasks;
    /// with it, that of this one task. Null: nothing.
    [[nodiscard]] const Demotion* find(RemedyKind kind,
                                       const std::optional<TaskId>& task = {}) const;

    /// What keeps just this from acting alone: a demotion of its kind, or of its task; with
    /// `relapse` also one that is of just that. Null: nothing.
    [[nodiscard]] const Demotion* against(RemedyKind kind,
                                          const TaskId* task = nullptr,
                                          const Relapse* relapse = nullptr) const;

    friend bool operator==(const Demotions&, const Demotions&) = default;
};

}  // namespace homeostat
