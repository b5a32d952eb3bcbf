#pragma once

// KubernetesRuntime: the pods of one Deployment as instances, and what we do to it.
//
// A step is one conditional write; whatever follows from it is the cluster's own work. Nothing of
// the world is kept in memory: each step and each reading begins with direct reads, and what a
// successor has to know stands in the Deployment (the mark of a rollback, in the same patch) and in
// the slots' file (whose effect the next pod is, durable before the eviction).
//
// What a step answers:
//   done     the server says that it was carried out; of an eviction, the pod is being deleted;
//   refused  nothing has changed: the target is another one than expected, a disruption budget, a
//            rival's change or a missing right stands against it, or the server was not reached;
//   unknown  it was sent, and what became of it is not known.
// A crash at any point leaves a world that read() tells truthfully of.
//
// A pod is evicted, never deleted: budgets and its own grace count. A rollout that is under way is
// no reason to refuse a rollback: it is what most often has to be rolled back. The choice not
// taken: the status of the rollout as a precondition, which its controller changes all the time.
//
// Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/config_revert.hpp"
#include "homeostat/adapters/kubernetes/configs.hpp"
#include "homeostat/adapters/kubernetes/direct_reads.hpp"
#include "homeostat/adapters/kubernetes/group.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/adapters/kubernetes/patient_api.hpp"
#include "homeostat/adapters/kubernetes/pod_eviction.hpp"
#include "homeostat/adapters/kubernetes/pod_resize.hpp"
#include "homeostat/adapters/kubernetes/rollout_pause.hpp"
#include "homeostat/adapters/kubernetes/scaling.hpp"
#include "homeostat/adapters/kubernetes/slots.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/step.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/clock.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

class KubernetesRuntime final : public ports::Actuator {
  public:
    /// `slots`: those that telemetry takes pods into as well. REQUIRES: all of these outlive it.
    KubernetesRuntime(const Options& options, ApiClient& api, Slots& slots, ports::Clock& clock);
    KubernetesRuntime(const KubernetesRuntime&) = delete;
    KubernetesRuntime& operator=(const KubernetesRuntime&) = delete;
    ~KubernetesRuntime() override = default;

    [[nodiscard]] bool performs(const Step& step) const override;
    Task<Outcome> perform(Request request, Instant deadline) override;
    /// ERRORS: as of DirectReads::group; corrupt: the server tells of an older state than before.
    Task<Result<FactsPart>> read(Instant deadline) override;

    /// The same as the watches of `glance_at` tell it, or as read without. ERRORS: as Group::look.
    Task<Result<FactsPart>> glance(Instant deadline) override;

    /// REQUIRES: `group` outlives it, and takes pods into the same slots.
    void glance_at(Group& group) { group_ = &group; }

    /// What Options::configs hold. REQUIRES: `configs` outlives it.
    void know(Configs& configs) { configs_ = &configs; }

  private:
    Task<Result<GroupView>> look(Instant deadline);
    Task<Outcome> swap(SwapVersion step, EffectId effect, Instant deadline);
    Task<Outcome> roll_back(SwapVersion step, EffectId effect, Instant deadline);
    Task<Outcome> replace(Replace step, EffectId effect, Instant deadline);
    Task<Outcome> scale_up(Replace step, EffectId effect, Instant deadline);
    Task<Outcome> scale_down(Stop step, EffectId effect, Instant deadline);
    Task<Outcome> resize(SetMemory step, EffectId effect, Instant deadline);
    Task<void> ask_from(std::size_t index,
                        std::vector<RuntimeInstance>& instances,
                        const std::vector<std::string>& ips,
                        Instant deadline);

    [[nodiscard]] RuntimeInstance describe(const Slot& slot, const GroupView& group) const;
    [[nodiscard]] Result<PodView> check(const Replace& step, const GroupView& group) const;
    void withdraw_unmet(const DeploymentView& deployment);
    void reach(Phase phase) const;

    /// What the group and the slots say. REQUIRES: `slots` as they were when they took its pods.
    Task<Result<FactsPart>> facts_of(GroupView group,
                                     std::vector<Slot> slots,
                                     ConfigsView configs,
                                     Instant deadline);

    const Options& options_;
    PatientApi api_;
    Slots& slots_;
    ports::Clock& clock_;
    DirectReads reads_;
    PodEviction evicting_;
    Scaling scaling_;
    ConfigReverting reverting_;
    PodResizing resizing_;
    RolloutPausing pausing_;
    Group* group_{nullptr};      ///< What the watches say; null: nobody watches.
    Configs* configs_{nullptr};  ///< Null: the service has none that we know of.
    Instant in_flight_until_;    ///< Until then a write of ours may still come about.
};

}  // namespace homeostat::adapters::kubernetes
