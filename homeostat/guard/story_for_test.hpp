#pragma once

// Story: what has happened lately, one event after another. Guard learns it as entries of the
// ledger, its specification reads it as it stands (past_for_test.hpp).
//
// Pure. For tests only.

#include "homeostat/domain/demotion.hpp"
#include "homeostat/guard/case_for_test.hpp"

#include <optional>
#include <vector>

namespace homeostat::guard::for_test {

/// An entry of the ledger, as far as guard is concerned by it. What its kind does not need is idle.
struct Event {
    EntryKind kind{EntryKind::opened};
    IncidentId of;
    Instant at{};
    Remedy remedy{};
    Step step{};
    EffectId effect{};
    bool is_undo{false};
    bool is_reflex{false};
    OutcomeKind outcome{OutcomeKind::done};
    bool is_read_back{false};
    VerdictKind verdict{VerdictKind::refusal};
    bool may_pass{false};  ///< The verdict may be asked for again.
    ProofKind proof{ProofKind::helped};
    std::optional<Relapse> relapse{};  ///< Of what is demoted; absent: of its kind.
};

using Story = std::vector<Event>;

inline Entry entry_of(const Event& event) {
    switch (event.kind) {
        case EntryKind::intent: {
            IntentBody body;
            body.effect = event.effect;
            body.remedy = event.remedy;
            body.step = event.step;
            body.is_undo = event.is_undo;
            body.is_reflex = event.is_reflex;
            return entry_of(event.kind, event.of, body);
        }
        case EntryKind::outcome:
            return outcome_entry(event.of, event.effect.text(), event.outcome, event.is_read_back);
        case EntryKind::held:
            return held_entry(event.of, event.remedy);
        case EntryKind::proof: {
            ProofBody body{.remedy = event.remedy, .proof = {}};
            body.proof.kind = event.proof;
            return entry_of(event.kind, event.of, body);
        }
        case EntryKind::verdict: {
            VerdictBody body{.remedy = event.remedy, .step = std::nullopt, .verdict = {}};
            body.verdict.kind = event.verdict;
            body.verdict.again_at = event.may_pass ? std::optional(event.at) : std::nullopt;
            return entry_of(event.kind, event.of, body);
        }
        case EntryKind::closed:
            return closed_entry(event.of);
        case EntryKind::demoted: {
            Demotion demotion = demotion_for(event.remedy, event.of, "");
            demotion.relapse = event.relapse;
            return entry_of(event.kind, event.of, demotion);
        }
        case EntryKind::promoted: {
            const Demotion of = demotion_for(event.remedy, event.of, "");
            return entry_of(event.kind, event.of, PromotedBody{of.remedy, "alice", "", of.task});
        }
        default:
            return {event.kind, event.of, {}};  // What it says besides is no matter to guard.
    }
}

}  // namespace homeostat::guard::for_test
