#pragma once

// IncidentObject: an incident as an object of the cluster, for people with kubectl and dashboards.
//
// Kind Incident of homeostat.dev/v1alpha1 (deploy/kustomize/crd). Everything in it is made of the
// ledger: names, numbers and sentences of ours; nothing of a log line. What it is about stands in
// its spec, which never changes; how it goes stands in its status.
//
// Pure. Values only.

#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

constexpr std::string_view incident_group = "homeostat.dev";
constexpr std::string_view incident_version = "v1alpha1";

/// On each object: whose it is. An agent deletes those of its own ledger only.
constexpr std::string_view ledger_label = "homeostat.dev/ledger";

/// Something that is so or not, as conditions of the cluster's own objects say it.
struct IncidentCondition {
    std::string type;  ///< "Healed".
    bool holds{false};
    std::string reason;   ///< A word in upper camel case.
    std::string message;  ///< For people.
    WallTime since{};     ///< When `holds` last became another.
};

struct IncidentObject {
    std::string ledger;     ///< Its name, as much of it as tells it from others.
    std::string incident;   ///< "i-7".
    std::string state;      ///< As `homeostat incidents` says it.
    std::string symptom;    ///< "errors on payments".
    std::string measured;   ///< The same with its numbers.
    std::string remedy;     ///< "rollback": the last that began, before any the first choice.
    std::string described;  ///< The same with its target.
    WallTime opened_at{};
    std::optional<WallTime> closed_at;
    std::vector<IncidentCondition> conditions;
};

/// "payments-i-7-0b31b1c02ff4": two ledgers, or one that was begun anew, make no two of one name.
[[nodiscard]] std::string name_of(const IncidentObject& object, const Options& options);

/// What is applied: the object without its status. It goes with the Deployment of that uid.
[[nodiscard]] std::string incident_body(const IncidentObject& object,
                                        const Options& options,
                                        const std::string& uid);

/// What is applied to its status, whole.
[[nodiscard]] std::string incident_status_body(const IncidentObject& object,
                                               const Options& options);

}  // namespace homeostat::adapters::kubernetes
