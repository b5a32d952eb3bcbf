#pragma once

// batch_of: what of a ledger's groups goes to sinks.
//
// Pure.

#include "homeostat/domain/entry.hpp"
#include "homeostat/outbox/batch.hpp"

#include <string_view>

namespace homeostat::outbox {

/// Adds the group's entries, without its checkpoints. REQUIRES: it is the one that the batch ends
/// before. `hash`: of the chain after it.
void add_group(Batch& batch, const EntryGroup& group, std::string_view hash);

/// The kind of the remedy that the entry is about; empty: it names none.
[[nodiscard]] std::string remedy_kind_of(const Entry& entry);

}  // namespace homeostat::outbox
