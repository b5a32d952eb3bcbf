#pragma once

// CoolDowns: which remedies were used where, and since when those incidents are over, so that
// nobody does the same again there too soon (P6).
//
// A cool-down runs from when an incident that used a remedy was closed or left to a person; while
// it is still open, for all others from its latest intent. It says when a remedy may begin: what
// has begun is carried through. What a power loss takes of the ledger was never used, nor closed.
//
// Pure. Not thread-safe. Memory grows with the history.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

namespace homeostat::sim {

/// What a remedy is about, for the cool-down: its kind, and the target in it.
[[nodiscard]] std::string use_of(const Remedy& remedy);

class CoolDowns {
  public:
    /// On its way to the ledger: whoever reads it later finds it there, though nobody was told.
    void send(const EntryGroup& group, Instant now) { sent_at_[group.index] = now; }
    /// The ledger took it. `at`: the earliest when what it tells of can have been.
    void take(const EntryGroup& group, Instant at);
    /// The ledger as a successor reads it.
    void begin_with(std::span<const EntryGroup> groups, Instant now);

    /// The machine went off: all that was looks older by so much to the clock of the next boot.
    void move_back(Duration by);

    /// Since when the remedy that begins with this intent cools down there. Nothing: it was not
    /// used, or only after this, or this goes on with it. A reflex never goes on: what was begun
    /// for a process that had ended gives no right to the one that runs there by now.
    [[nodiscard]] std::optional<Instant> since(const IncidentId& incident,
                                               const IntentBody& intent) const;

  private:
    struct Use {
        EffectId first;
        Instant begun_at{};
        Instant used_at{};  ///< The latest intent.
        bool is_over{false};
    };
    void learn(const Entry& entry, Instant at);

    std::map<std::uint64_t, Instant> sent_at_;  ///< By the index of the group.
    std::map<IncidentId, std::map<std::string, Use>> uses_;
    std::map<std::string, Instant> over_at_;
};

}  // namespace homeostat::sim
