#include "homeostat/adapters/kubernetes/obstacle_telemetry.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

/// The kubelet tells of a probe again each five minutes at the latest while it fails.
constexpr Duration probe_told_for = std::chrono::minutes{5};

bool waits_for_image(const PodView& pod) {
    constexpr std::array<std::string_view, 6> reasons{"ErrImagePull",      "ImagePullBackOff",
                                                      "InvalidImageName",  "ErrImageNeverPull",
                                                      "ImageInspectError", "RegistryUnavailable"};
    return std::ranges::find(reasons, pod.waiting_reason) != reasons.end();
}

/// Whether the pod is as an Event of that kind says.
bool is_so(const PodView& pod, Obstacle obstacle) {
    const bool is_there = !pod.is_deleting && !pod.has_ended;
    switch (obstacle) {
        case Obstacle::no_room:
            return is_there && pod.node.empty();
        case Obstacle::volume_missing:
            return is_there && !pod.node.empty() && pod.life == ContainerLife::coming;
        case Obstacle::image_missing:
            return is_there && waits_for_image(pod);
        case Obstacle::backing_off:
            return is_there && pod.life == ContainerLife::backing_off && !waits_for_image(pod);
        case Obstacle::startup_failing:
            return is_there && !pod.was_ready;
        case Obstacle::readiness_failing:
            return is_there && !pod.is_ready;
        case Obstacle::liveness_failing:
            return is_there;
        case Obstacle::evicted:
            return !is_there;
        case Obstacle::sends_to_nobody:
        case Obstacle::quota_used_up:
        case Obstacle::creation_refused:
            break;
    }
    return false;
}

}  // namespace

ObstacleTelemetry::ObstacleTelemetry(Group& group, ClusterEvents& events, ports::Clock& clock)
    : group_(group),
      events_(events),
      clock_(clock),
      name_("events of " + group.options().service.text()) {}

Task<Result<std::vector<Reading>>> ObstacleTelemetry::read(Instant /*deadline*/) {
    events_.look();
    const Result<const GroupView*> view = group_.look();
    if (!view && group_.is_catching_up()) {
        co_return std::vector<Reading>{};
    }
    if (!view) {
        co_return fail(name_, view.error());
    }
    Counts counts = counts_of(**view);
    const Instant now = clock_.now();
    std::vector<Reading> readings;
    for (const auto& [key, count] : told_) {
        if (!counts.contains(key)) {
            readings.emplace_back(ObstacleReading{key.first, key.second, 0, now});
        }
    }
    for (const auto& [key, count] : counts) {
        const auto told = told_.find(key);
        if (told == told_.end() || told->second != count) {
            readings.emplace_back(ObstacleReading{key.first, key.second, count, now});
        }
    }
    told_ = std::move(counts);
    co_return readings;
}

ObstacleTelemetry::Counts ObstacleTelemetry::counts_of(const GroupView& view) const {
    Counts counts;
    for (const PodView& pod : view.pods) {
        const std::vector<Slot>& slots = group_.slots().all();
        const auto slot = std::ranges::find_if(
            slots, [&](const Slot& one) { return one.pod && one.pod->uid == pod.uid; });
        add_pod(pod,
                slot == slots.end() ? Subject{SubjectKind::service, group_.options().service.text()}
                                    : Subject{SubjectKind::instance, slot->instance.text()},
                counts);
    }
    for (const ReplicaSetView& replica_set : view.replica_sets) {
        add_replica_set(replica_set, view, counts);
    }
    return counts;
}

void ObstacleTelemetry::add_pod(const PodView& pod, const Subject& subject, Counts& counts) const {
    for (const Obstacle obstacle :
         {Obstacle::no_room, Obstacle::volume_missing, Obstacle::image_missing,
          Obstacle::backing_off, Obstacle::liveness_failing, Obstacle::readiness_failing,
          Obstacle::startup_failing, Obstacle::evicted}) {
        const std::optional<Instant> said_at = events_.said_at(pod.uid, obstacle);
        const bool is_past = obstacle == Obstacle::liveness_failing && said_at &&
                             clock_.now() - *said_at > probe_told_for;
        if (said_at && !is_past && is_so(pod, obstacle)) {
            ++counts[{subject, obstacle}];
        }
    }
}

/// What it wants and has not got, it may not make.
void ObstacleTelemetry::add_replica_set(const ReplicaSetView& replica_set,
                                        const GroupView& view,
                                        Counts& counts) const {
    const auto has =
        static_cast<std::uint32_t>(std::ranges::count_if(view.pods, [&](const PodView& pod) {
            return pod.owner_uid == replica_set.uid && !pod.is_deleting && !pod.has_ended;
        }));
    if (has >= replica_set.replicas) {
        return;
    }
    const std::optional<Instant> by_quota =
        events_.said_at(replica_set.uid, Obstacle::quota_used_up);
    const std::optional<Instant> refused =
        events_.said_at(replica_set.uid, Obstacle::creation_refused);
    if (by_quota || refused) {
        const Obstacle last =
            by_quota >= refused ? Obstacle::quota_used_up : Obstacle::creation_refused;
        counts[{{SubjectKind::service, group_.options().service.text()}, last}] +=
            replica_set.replicas - has;
    }
}

}  // namespace homeostat::adapters::kubernetes
