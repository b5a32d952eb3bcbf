#pragma once

// A change of version as one conditional write: the template of an older ReplicaSet goes back into
// the Deployment, as `kubectl rollout undo` does it, with the effect's mark in the same patch.
//
// The patch tests that the Deployment is the one that we read and still has the template that we
// saw, so a rival's change in between makes the server refuse it all. A test of the resourceVersion
// would lose against every write of the Deployment's own controller.
//
// Pure.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/group_view.hpp"
#include "homeostat/adapters/kubernetes/objects.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/runtime_facts.hpp"
#include "homeostat/domain/step.hpp"

#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// Which versions there are, and which is in force; none is while a new template waits behind a
/// pause of ours. ERRORS: late: the controller has made no ReplicaSet of the template yet; invalid:
/// its pods have no container of the configured name.
[[nodiscard]] Result<PerArtifact<VersionFacts>> versions_of(const GroupView& group,
                                                            const Options& options);

/// What the step goes back to. ERRORS: refused: the Deployment is paused by somebody else, has
/// another version in force than `step.from` or never rolled one out; absent: `step.to` is not
/// there any more.
[[nodiscard]] Result<ReplicaSetView> target_of(const SwapVersion& step,
                                               const DeploymentView& deployment,
                                               const std::vector<ReplicaSetView>& replica_sets);

/// As a JSON patch, which ends a pause of ours as well. REQUIRES: target_of.
[[nodiscard]] std::string rollback_patch(const SwapVersion& step,
                                         const EffectId& effect,
                                         const DeploymentView& seen,
                                         const ReplicaSetView& target);

/// Whether the Deployment in the reply has that template, and brings it about. A webhook or policy
/// may have changed it on its way, and then it is another version than the one that was proven
/// good.
[[nodiscard]] bool has_template(const ApiReply& reply, const ReplicaSetView& target);

}  // namespace homeostat::adapters::kubernetes
