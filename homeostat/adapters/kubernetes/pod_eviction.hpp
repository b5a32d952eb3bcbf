#pragma once

// PodEviction: ends one pod by the Eviction API, so that disruption budgets and its grace count.
//
// Bound to the pod's uid, which no other pod ever has, and tried without effect first: a budget
// that stands against it, a missing right and a pod that is another one are refusals of a write
// that was never sent. The choice not taken: a resourceVersion as a precondition, which the kubelet
// changes all the time of just the pods that are evicted, and which says no more than the uid of
// whether it is the one that was meant.
//
// Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/objects.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/ports/clock.hpp"

#include <functional>
#include <utility>

namespace homeostat::adapters::kubernetes {

class PodEviction {
  public:
    /// `reach`: told of each phase. REQUIRES: all outlive it.
    PodEviction(ApiClient& api,
                const Options& options,
                ports::Clock& clock,
                std::function<void(Phase)> reach)
        : api_(api), options_(options), clock_(clock), reach_(std::move(reach)) {}

    /// Done once the pod is seen to go. As of KubernetesRuntime.
    Task<Outcome> carry_out(PodView pod, Instant deadline);

  private:
    Task<Outcome> see_off(PodView pod, Instant deadline);

    ApiClient& api_;
    const Options& options_;
    ports::Clock& clock_;
    std::function<void(Phase)> reach_;
};

}  // namespace homeostat::adapters::kubernetes
