#include "homeostat/adapters/kubernetes/rollout_telemetry.hpp"

#include "homeostat/adapters/kubernetes/rollout_pause.hpp"
#include "homeostat/adapters/kubernetes/scaling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::kubernetes {

RolloutTelemetry::RolloutTelemetry(Group& group, VersionId known, ports::Clock& clock)
    : group_(group),
      clock_(clock),
      name_("rollouts of " + group.options().service.text()),
      known_(std::move(known)) {}

Task<Result<std::vector<Reading>>> RolloutTelemetry::read(Instant /*deadline*/) {
    const Instant now = clock_.now();
    const Result<const GroupView*> view = group_.look();
    if (!view && group_.is_catching_up()) {
        co_return std::vector<Reading>{};
    }
    if (!view) {
        co_return fail(name_, view.error());
    }
    std::vector<Reading> readings;
    if (std::optional<Change> rollout = rollout_of(**view, now)) {
        readings.emplace_back(ChangeReading{*std::move(rollout)});
    }
    if (std::optional<Change> scale = scale_of((*view)->deployment, now)) {
        readings.emplace_back(ChangeReading{*std::move(scale)});
    }
    const std::uint32_t old_count = old_serving_count(**view);
    if (std::exchange(old_count_, old_count) != old_count) {
        readings.emplace_back(RolloutReading{group_.options().service, old_count, now});
    }
    read_at_ = now;
    co_return readings;
}

std::optional<Change> RolloutTelemetry::rollout_of(const GroupView& view, Instant now) {
    const ReplicaSetView* current = current_of(view.deployment, view.replica_sets);
    if (current == nullptr) {
        return std::nullopt;
    }
    const VersionId version = version_of(*current);
    const VersionId before = std::exchange(known_, version);
    if (before.empty() || before == version) {
        return std::nullopt;
    }
    Change change;
    change.kind = ChangeKind::deploy;
    change.service = group_.options().service;
    change.from = before;
    change.to = version;
    change.is_first_hand = true;
    change.reference = effect_of(view.deployment, version).text();
    // A ReplicaSet is as old as its first rollout. A return to it in our absence is dated then:
    // rather too old to be blamed than too young. What we read last may have been of a moment
    // before, from a watch that was cut since.
    const Instant made_at = to_instant(current->created_at, now, clock_.wall_now());
    const Instant known_at = read_at_ - GroupLimits{}.heard_within_troubled;
    change.at = made_at >= known_at ? made_at : read_at_;
    return change;
}

std::optional<Change> RolloutTelemetry::scale_of(const DeploymentView& deployment, Instant now) {
    const std::optional<std::uint32_t> before =
        std::exchange(replicas_known_, std::optional(deployment.replicas));
    if (!before || *before == deployment.replicas) {
        return std::nullopt;
    }
    Change change;
    change.kind = ChangeKind::scale;
    change.service = group_.options().service;
    change.is_first_hand = true;
    const std::optional<ScaleMark> mark = scale_mark_of(deployment);
    change.reference =
        mark ? mark->effect.text() : fmt::format("replicas-{}-to-{}", *before, deployment.replicas);
    change.at = now;
    return change;
}

}  // namespace homeostat::adapters::kubernetes
