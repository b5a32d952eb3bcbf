#pragma once

// StoredGroup: an EntryGroup as it stands in a frame, with the hash of the chain before it.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry.hpp"

#include <string>

namespace homeostat::adapters::segment_log {

struct StoredGroup {
    std::string previous;
    EntryGroup group;

    static void fields(auto& self, auto&& field) {
        field("previous", self.previous);
        EntryGroup::fields(self.group, field);
    }
};

}  // namespace homeostat::adapters::segment_log
