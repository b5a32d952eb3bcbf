#pragma once

// What a cluster is asked about a service before it is guarded, and whether it was there to answer.
//
// A server that starts, is asked too much, or whose controller has not seen a change of a moment
// ago is asked again until the deadline. Who is told "nobody answered" must not take that for all
// services: one Deployment whose controller lags behind has been answered for.
//
// Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/objects.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/ports/clock.hpp"

namespace homeostat::app {

struct ClusterAnswer {
    Result<adapters::kubernetes::DeploymentView> deployment{
        fail(Fault::late, "the cluster was not heard of in time")};
    Result<json::value> service{fail(Fault::absent, "none is named")};
    bool is_heard{false};  ///< The server said something of its own: it is there.
};

/// A server that starts, or a controller that has not seen a change of a moment ago.
[[nodiscard]] bool may_pass(const Error& error);

/// Of the Deployment, and of the Service where one is named. REQUIRES: all outlive the task.
Task<void> ask_cluster(adapters::kubernetes::ApiClient& api,
                       ports::Clock& clock,
                       const adapters::kubernetes::Options& options,
                       Instant deadline,
                       ClusterAnswer& answer);

}  // namespace homeostat::app
