#pragma once

// Views of Kubernetes objects: of each the few fields that we go by, typed.
//
// Everything else of an object is left alone. What a server (or whoever else wrote the object)
// sends is bounded and may be wrong: a field of another type than the API's is an error and never a
// default, since an absent one means something.
//
// Pure. Values only.

#include "homeostat/adapters/kubernetes/pod_memory.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// What becomes of a pod's container.
enum class ContainerLife : std::uint8_t {
    coming,  ///< Not started yet, by no fault that we know of: being scheduled, pulled, created.
    running,
    restarting,   ///< Has ended, and the kubelet starts it again at once.
    backing_off,  ///< The kubelet waits before it tries again: it ended before, or cannot start at
                  ///< all (CrashLoopBackOff, ImagePullBackOff, ErrImagePull,
                  ///< CreateContainer…Error).
};

struct PodView {
    std::string name;
    std::string uid;
    std::string resource_version;
    std::string node;           ///< Empty: not scheduled.
    std::string ip;             ///< Empty: none yet.
    std::string template_hash;  ///< Label pod-template-hash; empty: it has none.
    std::string owner_uid;      ///< Of the controlling ReplicaSet; empty: an orphan.
    bool is_deleting{false};    ///< It has a deletionTimestamp.
    bool has_ended{false};      ///< For good (phase Failed or Succeeded): another one replaces it.
    bool is_ready{false};       ///< Condition Ready.
    bool was_ready{false};      ///< Ready, or was so since its container was last started.
    bool is_node_lost{false};   ///< The cluster no longer hears of it from its node.
    ContainerLife life{ContainerLife::coming};
    std::string waiting_reason{};          ///< At most 64 plain bytes, for people.
    std::uint32_t restarts_count{0};       ///< Of the container.
    std::optional<WallTime> started_at{};  ///< Of the container that runs, to a second.
    std::optional<int> exit_code{};        ///< Of the container that ended last.
    std::optional<PodMemory> memory{};     ///< Of the container; absent: it has no limit.
    WallTime created_at{};
};

struct ReplicaSetView {
    std::string name;
    std::string uid;
    std::string owner_uid;      ///< Of the controlling Deployment.
    std::string template_hash;  ///< Label pod-template-hash.
    std::uint64_t revision{0};  ///< Annotation deployment.kubernetes.io/revision. 0: none.
    std::string image;          ///< Of the guarded container; empty: the template has none such.
    std::uint32_t replicas{0};  ///< Wanted.
    json::value pod_template;   ///< spec.template without the label pod-template-hash.
    WallTime created_at{};
};

struct DeploymentView {
    std::string name;
    std::string uid;
    std::string resource_version;
    std::uint64_t generation{0};
    std::uint64_t observed_generation{0};  ///< What its status is about.
    std::uint64_t revision{0};             ///< As ReplicaSetView's. 0: no rollout was seen yet.
    std::uint32_t replicas{1};             ///< Wanted.
    std::string replicas_manager;          ///< Who set that number; empty: not known, or several.
    bool is_paused{false};
    std::string paused_manager;  ///< Who said so; as replicas_manager.
    std::string selector;        ///< Encoded for a query: "app=payments,tier%20in%20(web,api)".
    std::string effect;          ///< The value of effect_annotation; empty: none.
    bool is_ignored{false};      ///< Its owner wants it left alone (opt_out.hpp).
    json::value pod_template;    ///< spec.template.

    /// The controller has seen what stands in spec.
    [[nodiscard]] bool is_observed() const { return observed_generation >= generation; }
};

/// ERRORS of all of these: invalid, naming the field. `container`: see Options.
[[nodiscard]] Result<PodView> parse_pod(const json::value& object, std::string_view container);
[[nodiscard]] Result<ReplicaSetView> parse_replica_set(const json::value& object,
                                                       std::string_view container);
[[nodiscard]] Result<DeploymentView> parse_deployment(const json::value& object);

/// "v2-7d9f8c6b5d": the tag of the image (40 bytes at most; "latest" without one; the first 12 hex
/// digits of a digest), then the hash of the pod template, which alone makes it a version: it is
/// the same again after a rollback.
[[nodiscard]] VersionId version_of(const ReplicaSetView& replica_set);

/// The ReplicaSet of the template that is in force; null: the controller has not made it yet.
[[nodiscard]] const ReplicaSetView* current_of(const DeploymentView& deployment,
                                               const std::vector<ReplicaSetView>& replica_sets);

/// Those that the Deployment controls.
[[nodiscard]] std::vector<ReplicaSetView> replica_sets_of(const DeploymentView& deployment,
                                                          std::vector<ReplicaSetView> replica_sets);

/// Those that one of these ReplicaSets controls; any other pod of the same labels is not ours.
/// REQUIRES: the ReplicaSets were told of no earlier than the pods, or a new one's pods are missed.
[[nodiscard]] std::vector<PodView> pods_of(const std::vector<ReplicaSetView>& replica_sets,
                                           std::vector<PodView> pods);

/// The effect of ours that brought the version in force about; empty: somebody else did, or has
/// moved on from there since.
[[nodiscard]] EffectId effect_of(const DeploymentView& deployment, const VersionId& current);

}  // namespace homeostat::adapters::kubernetes
