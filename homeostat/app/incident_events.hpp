#pragma once

// What of the ledger people see as Events of the cluster: an incident's beginning, what is asked,
// what was done, whom it was handed to, its end.
//
// Names and sentences of ours; nothing of a log line. Pure.

#include "homeostat/adapters/kubernetes/event_writer.hpp"
#include "homeostat/domain/entry.hpp"

#include <vector>

namespace homeostat::app {

/// In their order. Entries that are no news to people have none.
[[nodiscard]] std::vector<adapters::kubernetes::ObjectEvent> events_of(const EntryGroup& group);

}  // namespace homeostat::app
