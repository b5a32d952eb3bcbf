#pragma once

// Permissions: what our identity must be allowed in the cluster for each thing that it does.
//
// This list is the one place that says it: the rules that a person grants and the questions that
// `doctor` asks are both made of it. Each permission is as narrow as RBAC can say it: the object's
// name where there is one, a subresource instead of the whole. Lists and watches of pods and
// ReplicaSets cannot be narrowed to names, since those come and go; they are in one namespace.
//
// Pure, but for missing_permissions. Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// What is done with the cluster. Each is granted, and missed, by itself.
enum class Use : std::uint8_t {
    watching,    ///< Watches and fresh reads of the Deployment, its ReplicaSets and its pods.
    obstacles,   ///< The cluster's own Events: why pods cannot run. Without them it is not known.
    service,     ///< The Service's address, and whom it sends to. Without the latter: as ready.
    suspension,  ///< The ConfigMap by which people suspend us.
    lease,       ///< By which several agents settle who acts.
    events,      ///< News of incidents on the Deployment.
    incidents,   ///< Incident objects, and clearing away those of our own that are old.
    rollback,    ///< The Deployment's pod template and our annotation on it.
    configs,     ///< The ConfigMaps that pods are configured by, read.
    revert,      ///< And their contents put back.
    scale,       ///< The number of replicas, unless an autoscaler has it.
    restart,     ///< Evictions, for which disruption budgets count.
    resize,      ///< The memory of one pod, in place.
    jobs,        ///< Jobs that tasks make of templates, and what becomes of them.
};

struct Permission {
    Use use{Use::watching};
    std::string verb;
    std::string group;  ///< Empty: the core.
    std::string resource;
    std::string subresource;  ///< Empty: the resource itself.
    std::string name;         ///< Empty: any object of the namespace.

    friend bool operator==(const Permission&, const Permission&) = default;
};

/// Of these uses, in their order. That of a Service only where one is configured.
[[nodiscard]] std::vector<Permission> permissions_for(const Options& options,
                                                      const std::vector<Use>& uses);

/// "patch deployments.apps/payments", "create pods/eviction", for people.
[[nodiscard]] std::string to_text(const Permission& permission);

/// A Role of these permissions, as YAML that `kubectl apply -f -` takes.
[[nodiscard]] std::string role_yaml(const std::string& role,
                                    const std::string& name_space,
                                    const std::vector<Permission>& permissions);

/// The body of a SelfSubjectAccessReview.
[[nodiscard]] std::string review_of(const Permission& permission, const std::string& name_space);

/// ERRORS: broken: the reply is no review.
[[nodiscard]] Result<bool> parse_review(const json::value& body);

/// Asks the server of each and gives those that we are not allowed. Changes nothing. ERRORS: those
/// of the client; refused: we may not even ask: no credentials that count; broken: no review.
[[nodiscard]] Task<Result<std::vector<Permission>>> missing_permissions(
    ApiClient& api, std::string name_space, std::vector<Permission> permissions, Instant deadline);

}  // namespace homeostat::adapters::kubernetes
