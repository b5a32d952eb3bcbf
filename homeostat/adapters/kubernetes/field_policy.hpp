#pragma once

// A field policy: what of an object our identity may change, which no Role can say.
//
// A right to patch a Deployment is a right to its replicas, its selector and what its pods run as.
// A rollback changes the pod template and two annotations, a scale the number by one and within its
// bound, and of the ConfigMaps that are named the contents are put back; so the API server is told
// to admit that and nothing else, whoever holds our token: as a ValidatingAdmissionPolicy, for our
// account alone. It does not follow the remedies that may act, as the Role does: who installs it
// needs a right to the whole cluster, and need not be asked again when a remedy is promoted.
//
// Who may create Jobs may run anything as any account of the namespace. So a Job of ours has one of
// the named CronJobs as its owner and that one's pods, word for word: each of those is a parameter
// of a second policy. What the template's own account may do, it may do by us.
//
// Fields are compared by whatever keys there are, so one that a later Kubernetes brings is closed
// to us from its first day. Pure.

#include "homeostat/adapters/kubernetes/options.hpp"

#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// The policy and its binding, as YAML that `kubectl apply -f -` takes: one for an account, about
/// all that it guards in a namespace, since two would each refuse what the other lets it do.
/// REQUIRES: one of `guarded` at least, all of one namespace; plain names.
[[nodiscard]] std::string field_policy_yaml(const std::vector<Options>& guarded,
                                            const std::string& account);

}  // namespace homeostat::adapters::kubernetes
