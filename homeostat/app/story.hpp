#pragma once

// Story: the ledger retold to a person. Views only; nothing is decided by them.
//
// Text from outside is not in the ledger but as ids and numbers; what is printed is escaped all the
// same (`plain`), because a ledger file may come from anywhere.

#include "homeostat/base/json.hpp"
#include "homeostat/base/plain.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/incident_summary.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/domain/step.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// One line per incident.
[[nodiscard]] std::vector<IncidentSummary> summaries(const std::vector<EntryGroup>& groups);

/// A table for a terminal.
[[nodiscard]] std::string to_table(const std::vector<IncidentSummary>& incidents);

/// The whole of one incident: first what a woken person needs, the changes before it too, then
/// every step with its time. ERRORS: absent, with the incidents that there are.
[[nodiscard]] Result<std::string> explain(const std::vector<EntryGroup>& groups,
                                          const IncidentId& incident);

/// The same as a document: the `changes` before it, the entries of the incident without
/// checkpoints, each with the number of its group in the ledger and its whole body, and
/// `evidence_pack` if it was escalated.
[[nodiscard]] Result<json::value> explain_json(const std::vector<EntryGroup>& groups,
                                               const IncidentId& incident);

/// "errors on payments: 31.0 % of requests failed (limit 0.5 %)".
[[nodiscard]] std::string sentence_of(const Symptom& symptom);

/// What had to hold for the step to happen, as domain/step.hpp has it.
[[nodiscard]] std::string precondition_of(const Step& step);

}  // namespace homeostat::app
