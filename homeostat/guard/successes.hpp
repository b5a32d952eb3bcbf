#pragma once

// Successes: which remedies were proven to help lately, at what and against what.
//
// An incident's own limits end with it. Where the same fault comes back after each proof they never
// trip, and a restart "succeeds" every few minutes for ever: so proofs are counted over incidents
// as well. Whoever decides what follows from the count is in heal (healing_nodes_verify.cpp); what
// it leads to is a demotion in the ledger.
//
// Bounded: the oldest go first. Pure. Not thread-safe; lives on the heal strand.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/demotion.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy.hpp"

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <vector>

namespace homeostat::guard {

/// One proof that it helped.
struct Success {
    IncidentId incident;
    RemedyKind remedy{RemedyKind::observe};
    std::optional<TaskId> task{};  ///< Of `run_task`.
    Relapse of;                    ///< What it helped against, should it come back.
    Instant opened_at{};           ///< Of its incident: when it was needed.
    Instant proven_at{};
    friend bool operator==(const Success&, const Success&) = default;
};

class Successes {
  public:
    /// An incident that proves the same remedy a second time was helped once.
    void learn(Success success);

    /// A person says that it may go on alone: what was counted so far counts no more.
    void learn(const PromotedBody& promoted);

    /// The machine was started again, and the instants so far are of another boot.
    void move_back(Duration by);

    /// Those of the same remedy at the same target against the same symptom as `success` that were
    /// proven after `since` in other incidents than its own, oldest first.
    [[nodiscard]] std::vector<Success> like(const Success& success, Instant since) const;

    friend bool operator==(const Successes&, const Successes&) = default;

    /// No remedy helps without an effect, and no more of these are allowed within a window.
    static constexpr std::size_t successes_max = 4096;
    /// Nothing asks for what is older.
    static constexpr Duration window_max = std::chrono::hours{24};

  private:
    std::list<Success> successes_;
};

}  // namespace homeostat::guard
