#pragma once

// Executor: the one door between the agent, which judges, and the executor, which acts.
//
// In one process it is a call; between two it is a signed letter (adapters/roles). Either way the
// executor trusts nothing that comes through it.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/proposal.hpp"

#include <optional>
#include <vector>

namespace homeostat::ports {

class Executor {
  public:
    virtual ~Executor() = default;

    /// What the executor knows of a symptom: nothing (propose), or an incident that is open.
    [[nodiscard]] virtual std::optional<Standing> standing(const Symptom& symptom) const = 0;

    /// Opens an incident, or goes on with the one that is open for this symptom.
    /// ERRORS: full (no ledger, no action), busy (an incident of this service is in hand).
    virtual Task<Result<Standing>> submit(Proposal proposal) = 0;

    /// The agent no longer sees the symptom. Closes an incident that waits; changes nothing else.
    virtual Task<void> clear(Symptom symptom) = 0;

    /// The symptoms of all open incidents: what the agent says `clear` about once it sees them
    /// gone.
    [[nodiscard]] virtual std::vector<Symptom> open_symptoms() const = 0;

    /// A change worth remembering. Recorded, never acted upon by itself. Gives it back with its id,
    /// and marked if one of our own effects made it.
    virtual Task<Result<Change>> note(Change change) = 0;
};

}  // namespace homeostat::ports
