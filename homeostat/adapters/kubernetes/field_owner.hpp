#pragma once

// Who wants a field of an object's spec to be as it is, and when a field was written, by the
// server's own note of it (`metadata.managedFields`).
//
// Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

/// Who owns "f:replicas", or another field of spec; empty: nobody is known to. Nothing is an error
/// here: a server may leave out who wrote what. Several have to want the same, so that it is no
/// one's alone.
[[nodiscard]] std::string owner_of(const json::value& object, std::string_view field);

/// When whoever owns one of these fields of the object last wrote what they own, to a second: no
/// earlier than the fields themselves were written. Absent: nobody is known to, or a time is none.
[[nodiscard]] std::optional<WallTime> written_at_of(const json::value& object,
                                                    std::span<const std::string_view> fields);

}  // namespace homeostat::adapters::kubernetes
