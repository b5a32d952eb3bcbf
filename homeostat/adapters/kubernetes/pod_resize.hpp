#pragma once

// The limit of memory of one pod's container, changed in place through the pod's resize
// subresource.
//
// That subresource takes nothing but resources, so that the mark is the manager of the field, as of
// a number of replicas (effect_mark.hpp): effect and mark are one write, under a test of uid,
// resourceVersion and limit. Whoever resizes the pod besides us (a VerticalPodAutoscaler, a person)
// takes the field, and is yielded to. A request that equals the limit goes with it, so that the
// pod's class of service stays what it is.
//
// What the kubelet makes of it is read afterwards: it may have no room, now or ever. A container
// that would be ended for another limit is not touched.
//
// Pure, but for PodResizing. Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/effect_mark.hpp"
#include "homeostat/adapters/kubernetes/objects.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/resize.hpp"
#include "homeostat/ports/clock.hpp"

#include <chrono>
#include <functional>
#include <optional>

namespace homeostat::adapters::kubernetes {

/// Whoever was ended for want of memory longer ago is ill of something else by now.
constexpr Duration memory_killed_for = std::chrono::minutes{10};

/// Nothing: somebody else set the limit last, or the template did.
[[nodiscard]] std::optional<EffectMark> resize_mark_of(const PodMemory& memory);

/// Nothing: it has no limit, or none that we may change.
[[nodiscard]] std::optional<MemoryFacts> memory_facts_of(const PodView& pod,
                                                         const Options& options,
                                                         WallTime now);

/// ERRORS: refused: another pod or limit than expected, more than may be asked for, a container
/// that would be ended, or somebody else's limit.
[[nodiscard]] Result<void> check_resize(const SetMemory& step,
                                        const PodView* pod,
                                        const Options& options);

/// With no effect until that is asked for. REQUIRES: check_resize.
[[nodiscard]] ApiWrite write_of(const SetMemory& step,
                                const EffectId& effect,
                                const PodView& seen,
                                const Options& options);

class PodResizing {
  public:
    /// `reach`: told of each phase. REQUIRES: all outlive it.
    PodResizing(ApiClient& api,
                const Options& options,
                ports::Clock& clock,
                std::function<void(Phase)> reach)
        : api_(api), options_(options), clock_(clock), reach_(std::move(reach)) {}

    /// The limit as one conditional write, tried without effect first. `pod`: who stands for the
    /// instance now. As of KubernetesRuntime.
    Task<Outcome> carry_out(SetMemory step,
                            EffectId effect,
                            std::optional<PodView> pod,
                            Instant deadline);

  private:
    ApiClient& api_;
    const Options& options_;
    ports::Clock& clock_;
    std::function<void(Phase)> reach_;
};

}  // namespace homeostat::adapters::kubernetes
