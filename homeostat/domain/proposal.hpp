#pragma once

// Proposal: what the agent tells the executor. The executor trusts none of it: it looks for the
// target in its own inventory and for the fault with its own observers before it does anything.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/choice.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/menu.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/symptom.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat {

/// So many silent sources are named.
inline constexpr std::size_t unseen_max = 16;

struct Proposal {
    ServiceId service;
    Symptom symptom;
    Diagnosis diagnosis;
    Menu menu;
    Choice choice;
    Instant judged_at{};      ///< When the agent had chosen.
    Duration judging_took{};  ///< From noticing to choice, the model included.
    /// Sources that did not answer when it was judged, by their names. Absent: all did.
    std::optional<std::vector<std::string>> unseen{};
    /// No choice of ours: a person has what this incident did taken back. The executor's own word.
    std::optional<IncidentId> undoes{};

    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("symptom", self.symptom);
        field("diagnosis", self.diagnosis);
        field("menu", self.menu);
        field("choice", self.choice);
        field("judged_at", self.judged_at);
        field("judging_took", self.judging_took);
        field("unseen", self.unseen);
        field("undoes", self.undoes);
    }
    friend bool operator==(const Proposal&, const Proposal&) = default;
};

/// The remedy is the one that answers the symptom without an opinion.
[[nodiscard]] inline bool is_reflex(const Symptom& symptom, const Remedy& remedy) {
    const InstanceId* instance = instance_of(remedy);
    const bool is_about_it = symptom.subject.kind == SubjectKind::instance && instance != nullptr &&
                             instance->text() == symptom.subject.name;
    const bool starts =
        symptom.kind == SymptomKind::instance_down && kind_of(remedy) == RemedyKind::restart;
    const bool ejects =
        symptom.kind == SymptomKind::latency && kind_of(remedy) == RemedyKind::eject;
    return is_about_it && (starts || ejects);
}

/// What the executor says of a symptom's incident, so that the agent knows what to do next.
struct Standing {
    IncidentId incident;
    bool wants_proposal{false};     ///< Judge again, without the kinds in `tried`.
    std::vector<RemedyKind> tried;  ///< Kinds that did not help in this incident.
    /// Nothing is done about it, and these did not answer when that was chosen: propose as soon as
    /// one does, and it is judged again. Absent: it is not waited for that.
    std::optional<std::vector<std::string>> unseen{};

    static void fields(auto& self, auto&& field) {
        field("incident", self.incident);
        field("wants_proposal", self.wants_proposal);
        field("tried", self.tried);
        field("unseen", self.unseen);
    }
};

}  // namespace homeostat
