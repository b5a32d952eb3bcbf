#pragma once

// The id of a message in JetStream: LEDGER.GROUP.ENTRY, as outbox::key_of writes it; and the
// subject under which a ledger's messages stand.
//
// Pure. Thread-safe.

#include "homeostat/outbox/batch.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace homeostat::adapters::nats {

/// Nothing: it is none of ours, or of another ledger.
[[nodiscard]] std::optional<outbox::EntryPlace> place_of(std::string_view message_id,
                                                         std::string_view ledger);

/// "homeostat.payments.3f0a9c21d4e5b677": one subject a ledger, so that its messages have one
/// order. A dot in a service's name would begin a new part of it, and becomes an underscore.
[[nodiscard]] std::string subject_of(std::string_view service, std::string_view ledger);

/// What a stream that is made here listens to.
constexpr std::string_view subjects_all = "homeostat.>";

}  // namespace homeostat::adapters::nats
