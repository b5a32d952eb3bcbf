#pragma once

// DirectReads: the guarded Deployment, its ReplicaSets and its pods, asked for now.
//
// Before an effect the world is read first-hand: without a resourceVersion the server answers from
// its store and not from a cache. The pods are listed before the ReplicaSets, so that the owner of
// each pod is in what was read; the Deployment comes first, since the others go by its selector.
//
// Absence is never inferred from a list that failed or of which there is more.
//
// Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/group_view.hpp"
#include "homeostat/adapters/kubernetes/objects.hpp"
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

/// A list as the server sent it.
struct ObjectList {
    json::array items;
    std::uint64_t resource_version{0};  ///< Of the list as a whole.
};

/// `what`: of what, for people. ERRORS: as of check_read; broken: it is no whole list.
[[nodiscard]] Result<ObjectList> parse_list(std::string_view what, Result<ApiReply> reply);

/// The body of a reply that is one. ERRORS: those of the request; absent: 404; refused: 401 and
/// 403; unreachable: 429 and 5xx; broken: any other.
[[nodiscard]] Result<json::value> check_read(std::string_view what, Result<ApiReply> reply);

class DirectReads {
  public:
    /// REQUIRES: both outlive it.
    DirectReads(ApiClient& api, const Options& options) : api_(api), options_(options) {}

    /// ERRORS: as of check_read; invalid: an object; late: the Deployment's controller has not seen
    /// its spec yet.
    Task<Result<DeploymentView>> deployment(Instant deadline);
    /// Those of that Deployment.
    Task<Result<std::vector<ReplicaSetView>>> replica_sets(DeploymentView deployment,
                                                           Instant deadline);
    Task<Result<GroupView>> group(Instant deadline);

  private:
    ApiClient& api_;
    const Options& options_;
};

}  // namespace homeostat::adapters::kubernetes
