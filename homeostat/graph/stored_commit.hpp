#pragma once

// StoredCommit: a commit as JSON, for a ledger whose records are JSON. Hashes and the body are in
// hex: a record is read by people as well, and JSON takes no bytes.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/graph/commit.hpp"

namespace homeostat::graph {

[[nodiscard]] json::value to_stored(const Commit& commit);

/// ERRORS: corrupt, naming the field: it is none, or not as its hash says.
[[nodiscard]] Result<Commit> from_stored(const json::value& stored);

}  // namespace homeostat::graph
