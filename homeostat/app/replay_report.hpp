#pragma once

// What `homeostat replay` prints of a replay, and what it exits with.
//
// Pure.

#include "homeostat/app/exit_status.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/heal/replay.hpp"

#include <string>

namespace homeostat::app {

/// Differs as soon as one decision does; otherwise not_recorded as soon as one is, or none is
/// there.
[[nodiscard]] heal::Replay result_of(const heal::IncidentReplay& replay);

[[nodiscard]] ExitStatus status_of(heal::Replay result);

/// For a terminal: a line per decision, and both sides of each that differs; at the end the first
/// of them with its place in the ledger, because what follows from it may differ for its sake.
[[nodiscard]] std::string to_lines(const IncidentId& incident, const heal::IncidentReplay& replay);

[[nodiscard]] json::value to_document(const IncidentId& incident,
                                      const heal::IncidentReplay& replay);

}  // namespace homeostat::app
