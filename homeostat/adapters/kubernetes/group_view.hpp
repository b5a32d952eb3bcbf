#pragma once

// GroupView: the guarded Deployment, its ReplicaSets and its pods, as three watches tell of them.
//
// There is a view only while it is whole: every kind was listed, the server was heard of lately,
// and the Deployment's controller has seen what stands in its spec. Anything less is an error that
// says what is missing, since a pod that is not in a view stands for nobody. ReplicaSets of another
// owner and their pods are none of ours, whatever labels they wear.
//
// Watches may overtake each other: while a pod's ReplicaSet is not known yet there is no view, for
// some milliseconds. Without the pod it would be one in which the pod had left its slot.
//
// Pure. Values only.

#include "homeostat/adapters/kubernetes/objects.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/adapters/kubernetes/watched_kind.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

struct GroupView {
    DeploymentView deployment;
    std::vector<ReplicaSetView> replica_sets;  ///< Of this Deployment alone.
    std::vector<PodView> pods;                 ///< Of these ReplicaSets alone.
    std::uint64_t pods_version{0};             ///< Of the view of the pods as a whole.
};

/// What one watch knows. Both outlive whoever has this.
struct KindSeen {
    const ObjectsSeen* objects;
    const std::optional<Error>* trouble;  ///< As WatchedKind::trouble().
    const ObjectsSeen* heard{nullptr};    ///< Whose `heard_at` counts; null: that of `objects`.
};

[[nodiscard]] inline KindSeen seen_by(const WatchedKind& watch) {
    return {&watch.seen(), &watch.trouble(), &watch.heard()};
}

struct GroupSeen {
    KindSeen deployments;
    KindSeen replica_sets;
    KindSeen pods;
};

/// What the cluster says of the pods taken together.
enum class Readiness : std::uint8_t {
    unknown,      ///< It cannot be told now.
    none_wanted,  ///< The Deployment is scaled to zero: nobody ought to serve.
    none_ready,
    some_ready,
};

struct GroupLimits {
    /// How old the last word may be of a server that follows us no more: a stream that was cut is
    /// back within this, and what a pod was before it says little of now. Zero: no trouble at all.
    Duration heard_within_troubled{std::chrono::seconds{5}};
    /// And of one that seems to follow: as long as a watch itself waits for a word, and for the
    /// answer when it asks again because there was none.
    Duration heard_within{std::chrono::seconds{105}};
};

/// Whether one watch is fit to be told from; `place` begins what is said. ERRORS: as check_heard.
[[nodiscard]] Result<void> check_kind_heard(std::string place,
                                            const KindSeen& seen,
                                            Instant now,
                                            const GroupLimits& limits = {});

/// Whether the watches are fit to be told from. ERRORS: late: not listed yet, or not heard of; of a
/// watch in trouble, its fault.
[[nodiscard]] Result<void> check_heard(const Options& options,
                                       const GroupSeen& seen,
                                       Instant now,
                                       const GroupLimits& limits = {});

/// REQUIRES: check_heard. ERRORS: absent: there is no such Deployment; late: its controller has not
/// seen its spec yet, or we not the ReplicaSet of a pod; invalid: an object.
[[nodiscard]] Result<GroupView> parse_group(const Options& options, const GroupSeen& seen);

/// ENSURES: never `unknown`.
[[nodiscard]] Readiness readiness_of(const GroupView& view);

/// The version that a pod runs; empty: its ReplicaSet is not in the view.
[[nodiscard]] VersionId version_of(const GroupView& view, const PodView& pod);

/// A wall time in our own. One to come is now, since a node's clock may be ahead of ours.
[[nodiscard]] Instant to_instant(WallTime at, Instant now, WallTime wall_now);

}  // namespace homeostat::adapters::kubernetes
