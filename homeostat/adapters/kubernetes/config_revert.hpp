#pragma once

// A configuration put back as one conditional write: of the one ConfigMap whose contents differ,
// the earlier contents, with the effect's mark beside them in the same patch.
//
// It tests uid and resourceVersion, so that whoever edits the ConfigMap meanwhile is not written
// over. Where two of them differ it would take two writes, between which a configuration would be
// in force that nobody ever had: that is not done.
//
// Pure, but for ConfigReverting. Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/config_history.hpp"
#include "homeostat/adapters/kubernetes/config_maps.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/step.hpp"
#include "homeostat/ports/clock.hpp"

#include <functional>
#include <string>
#include <utility>

namespace homeostat::adapters::kubernetes {

class Configs;

/// One ConfigMap, and what goes back into it.
struct ConfigRevert {
    ConfigMapView seen;
    ConfigContents target;
};

/// ERRORS: refused: not exactly one of them differs, or that one is immutable.
[[nodiscard]] Result<ConfigRevert> revert_of(const ConfigVersion& target,
                                             const ConfigsView& configs);

/// As revert_of, of the step. ERRORS: refused, too: another version is in force than `step.from`;
/// absent: nothing is kept of `step.to`.
[[nodiscard]] Result<ConfigRevert> revert_of(const SwapVersion& step,
                                             const ConfigsView& configs,
                                             const ConfigHistory& history);

/// With no effect until that is asked for.
[[nodiscard]] ApiWrite write_of(const ConfigRevert& revert,
                                const SwapVersion& step,
                                const EffectId& effect,
                                const Options& options);

class ConfigReverting {
  public:
    /// `reach`: told of each phase. REQUIRES: all outlive it.
    ConfigReverting(ApiClient& api,
                    const Options& options,
                    ports::Clock& clock,
                    std::function<void(Phase)> reach)
        : api_(api), options_(options), clock_(clock), reach_(std::move(reach)) {}

    /// Tried without effect first. As of KubernetesRuntime.
    Task<Outcome> carry_out(SwapVersion step, EffectId effect, Configs& configs, Instant deadline);

  private:
    ApiClient& api_;
    const Options& options_;
    ports::Clock& clock_;
    std::function<void(Phase)> reach_;
};

}  // namespace homeostat::adapters::kubernetes
