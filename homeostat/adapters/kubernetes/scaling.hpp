#pragma once

// How many replicas the Deployment wants, changed by one at a time through its scale subresource.
//
// That object has no annotations. Whose a number is the server keeps all the same, as the manager
// of the field, and the manager is named by whoever writes it: ours says which effect wrote it and
// from which number on we added, "homeostat i-7.e2 from 3". So effect and mark are one write, under
// a test of uid and resourceVersion; whoever sets another number takes the field and with it our
// mark, and what they want is theirs: nothing is taken away any more (ADR 32).
//
// A HorizontalPodAutoscaler that aims at the Deployment owns its number. We yield to it.
//
// Pure, but for Scaling. Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/direct_reads.hpp"
#include "homeostat/adapters/kubernetes/objects.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/runtime_facts.hpp"
#include "homeostat/ports/clock.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// What the name of the field's manager says, where the number of replicas is ours.
struct ScaleMark {
    EffectId effect;
    std::uint32_t from{0};  ///< So many were wanted before the first that we added.

    friend bool operator==(const ScaleMark&, const ScaleMark&) = default;
};

/// As the manager of the field is named.
[[nodiscard]] std::string manager_text(const ScaleMark& mark);

/// Nothing: somebody else set the number last, or owns it beside us.
[[nodiscard]] std::optional<ScaleMark> scale_mark_of(const DeploymentView& deployment);

/// How many of the replicas that are wanted are ours to take away again.
[[nodiscard]] std::uint32_t spares_at_work(const DeploymentView& deployment);

/// How many more may be asked for. Zero where the number is not to be touched.
[[nodiscard]] std::uint32_t spares_left(const DeploymentView& deployment, const Options& options);

/// Where a number that was lowered has not ended anybody yet, the last are wanted no more. While a
/// version is rolled out more pods than wanted are in order.
void leave_out_leaving(std::vector<RuntimeInstance>& instances,
                       const DeploymentView& deployment,
                       const VersionId& current);

/// Says of each instance whether it is a spare: of those that are wanted the last so many, as they
/// are at work; of the others so many as may still be asked for, first those behind all that are
/// wanted. Which pod the cluster ends when one less is wanted is its own choice.
void mark_spares(std::vector<RuntimeInstance>& instances,
                 const DeploymentView& deployment,
                 const Options& options);

/// One replica more or less.
struct ScaleOrder {
    EffectId effect;
    std::uint32_t to{0};
    std::uint32_t from{0};  ///< As in ScaleMark.
};

/// ERRORS: refused: the Deployment is paused or stopped, or as large as it may become.
[[nodiscard]] Result<ScaleOrder> order_up(const DeploymentView& deployment,
                                          const EffectId& effect,
                                          const Options& options);

/// ERRORS: refused: the number is not ours, or none of it is left to take away.
[[nodiscard]] Result<ScaleOrder> order_down(const DeploymentView& deployment,
                                            const EffectId& effect);

/// With no effect until that is asked for. `seen`: what the order was made of.
[[nodiscard]] ApiWrite write_of(const ScaleOrder& order,
                                const DeploymentView& seen,
                                const Options& options);

/// ERRORS: refused: one of them aims at the Deployment, or what it aims at cannot be read.
[[nodiscard]] Result<void> check_autoscalers(const ObjectList& autoscalers, const Options& options);

class Scaling {
  public:
    /// `reach`: told of each phase. REQUIRES: all outlive it.
    Scaling(ApiClient& api,
            const Options& options,
            ports::Clock& clock,
            std::function<void(Phase)> reach)
        : api_(api), options_(options), clock_(clock), reach_(std::move(reach)) {}

    /// The number as one conditional write, tried without effect first. As of KubernetesRuntime.
    Task<Outcome> carry_out(ScaleOrder order, DeploymentView seen, Instant deadline);

  private:
    Task<Result<void>> check_autoscalers_now(Instant deadline);

    ApiClient& api_;
    const Options& options_;
    ports::Clock& clock_;
    std::function<void(Phase)> reach_;
};

}  // namespace homeostat::adapters::kubernetes
