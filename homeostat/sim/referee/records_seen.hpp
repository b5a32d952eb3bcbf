#pragma once

// RecordsSeen: what a ledger was given and has answered for, so that one knows what has to be there
// after a death (P14).
//
// What it took outlives the process; what was synced since outlives a power loss as well. What was
// on its way may be there or not, whole; what nobody sent may never be.
//
// Pure. Not thread-safe.

#include "homeostat/domain/entry.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::sim {

class RecordsSeen {
  public:
    /// REQUIRES: index and boot are as the ledger will write them.
    void sent(const EntryGroup& group);
    void taken(const EntryGroup& group);
    void synced();
    void lose_power();

    /// What a successor reads. Empty: it is what has to be there. From then on all of it is synced.
    [[nodiscard]] std::string compare(std::span<const EntryGroup> groups);

    /// Of the groups, from the first on.
    [[nodiscard]] std::size_t synced_count() const { return synced_count_; }

  private:
    std::vector<std::uint64_t> taken_;  ///< Digests, by the index of the group.
    std::size_t synced_count_{0};
    std::set<std::pair<std::uint64_t, std::uint64_t>> sent_;  ///< Index and digest.
};

}  // namespace homeostat::sim
