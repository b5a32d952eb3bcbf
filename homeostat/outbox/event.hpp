#pragma once

// Event: an entry of the ledger in the shape of CloudEvents 1.0 (structured mode, JSON).
//
// The same shape as `homeostat export` has, but for the id, which is good for all ledgers:
// LEDGER.GROUP.ENTRY. A receiver that keeps ids can tell what it has already.
//
// Pure.

#include "homeostat/outbox/batch.hpp"

#include <span>
#include <string>

namespace homeostat::outbox {

/// One line of JSON, without a line feed. The body is copied as it was recorded.
[[nodiscard]] std::string to_event(const Batch& batch, const BatchEntry& entry);

/// Several of them as application/cloudevents-batch+json.
[[nodiscard]] std::string to_events(const Batch& batch, std::span<const BatchEntry> entries);

}  // namespace homeostat::outbox
