#pragma once

// ModelRun: whether a history is a run of the model tests/models/intent_act_outcome.pml.
//
// The model says in which order an incident's intents, orders and outcomes may come, whoever dies
// in between; spin proves that each such order is safe. This replays what really happened against
// the same steps, named as there:
//   writes  an intent: the incident is open and nothing in it is of unknown fate
//   asks    an order: its intent has no outcome, and none was given for it before
//   judges  an outcome: of that intent; "done" only after it happened, "refused" only before
//   closes  nothing is of unknown fate any more
// The model replaces a process, so "happened" is held only of those.
//
// What a power loss takes of the ledger was never written: whoever comes next begins with what it
// reads. Pure. Not thread-safe.

#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace homeostat::sim {

class ModelRun {
  public:
    /// The ledger took it. What is said of it stands in steps_refused().
    void write(const Entry& entry);
    void ask(const EffectId& effect);
    /// At its target.
    void happen(const EffectId& effect) { happened_.insert(effect); }
    /// Whether the last view of the processes was older than it said. What is read back from such a
    /// one may be "refused" although it has happened: nobody can tell.
    void see_view(bool is_old) { is_view_old_ = is_old; }
    /// The ledger as a successor reads it: its beginning state.
    void begin_with(std::span<const EntryGroup> groups);

    /// Steps that the model does not have, in words; taken from it by the caller.
    [[nodiscard]] std::vector<std::string> take_refused();

  private:
    struct Effect {
        IncidentId incident;
        bool replaces{false};
        bool has_outcome{false};
    };
    struct Incident {
        EffectId pending;  ///< Empty: none is of unknown fate.
        bool is_closed{false};
    };
    void write_intent(const Entry& entry);
    void write_outcome(const Entry& entry);
    void refuse(std::string what);

    std::map<EffectId, Effect> effects_;
    std::map<IncidentId, Incident> incidents_;
    std::set<EffectId> asked_;
    std::set<EffectId> happened_;
    std::vector<std::string> refused_;
    bool is_view_old_{false};
    bool is_reading_{false};  ///< What is read was judged when it was written.
};

}  // namespace homeostat::sim
