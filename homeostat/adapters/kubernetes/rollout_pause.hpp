#pragma once

// A rollout that is let stand, and let go on: `spec.paused` of the Deployment as one conditional
// write, with the effect's mark in it.
//
// The write is tested against the resourceVersion that we read, so that whoever touched the
// Deployment in between makes the server refuse it. A pause is ours while the annotation says so
// and the server keeps us for who set the field last: whoever lets the rollout go on and pauses it
// again has a pause of his own, which we neither end nor write over (ADR 34).
//
// Pure, but for RolloutPausing. Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/direct_reads.hpp"
#include "homeostat/adapters/kubernetes/group_view.hpp"
#include "homeostat/adapters/kubernetes/objects.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/rollout.hpp"
#include "homeostat/ports/clock.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// What the annotation says where a pause is ours: "i-7.e2 v2-66b6c48dd5 paused".
struct PauseMark {
    EffectId effect;
    VersionId version;

    friend bool operator==(const PauseMark&, const PauseMark&) = default;
};

/// As effect_annotation has it. Its last word is no version, so that it is nobody's rollback.
[[nodiscard]] std::string annotation_text(const PauseMark& mark, bool is_paused);

/// Nothing: it is not paused, or not by us.
[[nodiscard]] std::optional<PauseMark> pause_mark_of(const DeploymentView& deployment);

/// As the annotation alone has it: of a view of a watch, which keeps nobody's fields; for people.
[[nodiscard]] std::optional<PauseMark> pause_note_of(const DeploymentView& deployment);

/// What a person types to let it go on.
[[nodiscard]] std::string resume_words(const Options& options);

[[nodiscard]] RolloutFacts rollout_facts_of(const GroupView& group, const Options& options);

/// Pods of earlier versions that are ready, while a rollout is under way that nobody has paused.
[[nodiscard]] std::uint32_t old_serving_count(const GroupView& group);

/// ERRORS: refused: to let it stand: another version is in force, or it stands already; to let it
/// go on: it does not stand, or not by our hand, or for another version.
[[nodiscard]] Result<void> check_pause(const SetPaused& step,
                                       const DeploymentView& deployment,
                                       const std::vector<ReplicaSetView>& replica_sets);

/// As a JSON patch. REQUIRES: check_pause.
[[nodiscard]] std::string pause_patch(const SetPaused& step,
                                      const EffectId& effect,
                                      const DeploymentView& seen);

class RolloutPausing {
  public:
    /// `reach`: told of each phase. REQUIRES: all outlive it.
    RolloutPausing(ApiClient& api,
                   const Options& options,
                   ports::Clock& clock,
                   std::function<void(Phase)> reach)
        : api_(api),
          options_(options),
          clock_(clock),
          reads_(api, options),
          reach_(std::move(reach)) {}

    /// Read afresh, tried without effect, then written. As of KubernetesRuntime.
    Task<Outcome> carry_out(SetPaused step, EffectId effect, Instant deadline);

  private:
    ApiClient& api_;
    const Options& options_;
    ports::Clock& clock_;
    DirectReads reads_;
    std::function<void(Phase)> reach_;
};

}  // namespace homeostat::adapters::kubernetes
