#pragma once

// Who wants a field of an object's spec to be as it is, by the server's own note of it
// (`metadata.managedFields`).
//
// Pure. Values only.

#include "homeostat/base/json.hpp"

#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

/// Who owns "f:replicas", or another field of spec; empty: nobody is known to. Nothing is an error
/// here: a server may leave out who wrote what. Several have to want the same, so that it is no
/// one's alone.
[[nodiscard]] std::string owner_of(const json::value& object, std::string_view field);

}  // namespace homeostat::adapters::kubernetes
