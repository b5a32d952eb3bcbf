#pragma once

// IncidentSummary: what one line says of an incident, taken from its entries one after the other.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/symptom.hpp"

#include <optional>
#include <string>
#include <vector>

namespace homeostat {

struct IncidentSummary {
    IncidentId incident;
    ServiceId service;
    std::string symptom;                ///< "errors on payments"; whoever prints it escapes it.
    std::string state;                  ///< open · asking · healed · passed · by_person · escalated
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
    friend bool operator==(const IncidentSummary&, const IncidentSummary&) = default;
};

/// Goes on by an entry of the incident; `group` is where it stands.
void add_entry(IncidentSummary& summary, const EntryGroup& group, const Entry& entry);

}  // namespace homeostat
