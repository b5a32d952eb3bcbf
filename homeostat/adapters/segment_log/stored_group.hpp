#pragma once

// StoredGroup: an EntryGroup as it stands in a frame, with the hash of the chain before it and what
// was durable when it was written.
//
// The order of the fields is the one that group_prefix.hpp reads.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry.hpp"

#include <cstdint>
#include <string>

namespace homeostat::adapters::segment_log {

struct StoredGroup {
    std::string previous;
    std::uint64_t durable_count{0};  ///< Groups of the ledger that were durable before this one.
    std::uint64_t entries_count{0};  ///< Of this group.
    EntryGroup group;

    static void fields(auto& self, auto&& field) {
        field("previous", self.previous);
        field("durable_count", self.durable_count);
        field("entries_count", self.entries_count);
        EntryGroup::fields(self.group, field);
    }
};

}  // namespace homeostat::adapters::segment_log
