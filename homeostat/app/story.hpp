#pragma once

// Story: the ledger retold to a person. Views only; nothing is decided by them.
//
// Text from outside is not in the ledger but as ids and numbers; what is printed is escaped all the
// same (`plain`), because a ledger file may come from anywhere.

#include "homeostat/base/json.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/proposal.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// One line per incident.
struct IncidentSummary {
    IncidentId incident;
    ServiceId service;
    std::string symptom;                ///< "errors on payments"
    std::string state;                  ///< healed · passed · escalated · open
    std::vector<std::string> remedies;  ///< Kinds that had an effect, in order.
    WallTime opened_at{};
    Instant noticed_at{};
    Instant opened_instant{};
    std::optional<Instant> first_intent_at;
    std::optional<Instant> last_outcome_at;
    std::optional<Instant> closed_at;
    Duration judging_took{};
    std::optional<Duration> model_took;
    std::string model_answer;

    static void fields(auto& self, auto&& field) {
        field("incident", self.incident);
        field("service", self.service);
        field("symptom", self.symptom);
        field("state", self.state);
        field("remedies", self.remedies);
        field("opened_at_wall_ms", self.opened_at);
        field("noticed_at_ns", self.noticed_at);
        field("opened_at_ns", self.opened_instant);
        field("first_intent_at_ns", self.first_intent_at);
        field("last_outcome_at_ns", self.last_outcome_at);
        field("closed_at_ns", self.closed_at);
        field("judging_took_ns", self.judging_took);
        field("model_took_ns", self.model_took);
        field("model_answer", self.model_answer);
    }
};

[[nodiscard]] std::vector<IncidentSummary> summaries(const std::vector<EntryGroup>& groups);

/// A table for a terminal.
[[nodiscard]] std::string to_table(const std::vector<IncidentSummary>& incidents);

/// The whole of one incident: first what a woken person needs, the changes before it too, then
/// every step with its time. ERRORS: absent, with the incidents that there are.
[[nodiscard]] Result<std::string> explain(const std::vector<EntryGroup>& groups,
                                          const IncidentId& incident);

/// The same as a document: the `changes` before it, the entries of the incident without
/// checkpoints, and `evidence_pack` if it was escalated.
[[nodiscard]] Result<json::value> explain_json(const std::vector<EntryGroup>& groups,
                                               const IncidentId& incident);

/// "errors on payments: 31.0 % of requests failed (limit 0.5 %)".
[[nodiscard]] std::string sentence_of(const Symptom& symptom);

/// `text` with control characters, escape sequences, marks that turn the direction of writing and
/// broken UTF-8 made visible. ENSURES: UTF-8 on one line, of what stands in the first `bytes_max`
/// bytes.
[[nodiscard]] std::string plain(std::string_view text, std::size_t bytes_max = 400);

}  // namespace homeostat::app
