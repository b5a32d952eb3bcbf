#pragma once

// EarlierBoots: when, by the clock of the present boot, the groups of a ledger were written.
//
// Instants mean nothing in another boot, but the spans between those of one boot do. A boot had
// ended when the next one began, at its instant 0. So the latest group of each is taken as written
// just then, and the others as long before it as they were: the latest that can be, which makes
// every wait the longest that it may have to be, and yet lets what was done in an earlier boot age
// while the machine runs.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/guard/history.hpp"

#include <optional>
#include <string>
#include <utility>

namespace homeostat::heal {

class EarlierBoots {
  public:
    /// `recovered_at`: when the ledger is read, by the clock of the boot `present`. No group is
    /// taken as written later.
    EarlierBoots(std::string present, Instant recovered_at)
        : present_(std::move(present)), recovered_at_(recovered_at) {}

    /// The instant that `history` has to learn this group at. Call it with each group in the
    /// ledger's order, before the group is learnt: where a boot ends, what is known is moved into
    /// the time of the next one.
    [[nodiscard]] Instant instant_of(const EntryGroup& group, guard::History& history);

    /// After the last group that was written before `recovered_at`.
    void reach_present(guard::History& history);

  private:
    void reach(const std::string& boot, guard::History& history);

    std::string present_;
    Instant recovered_at_;
    std::optional<std::string> boot_;  ///< That the groups are of by now.
    Instant last_at_{};                ///< The latest of them in it.
};

}  // namespace homeostat::heal
