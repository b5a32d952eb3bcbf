#include "homeostat/adapters/kubernetes/group_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

std::string place_of(const Options& options, std::string_view kind) {
    return fmt::format("{} of {}/{}", kind, options.name_space, options.deployment);
}

Result<std::vector<ReplicaSetView>> parse_replica_sets(const Options& options,
                                                       const ObjectsSeen& seen) {
    std::vector<ReplicaSetView> views;
    for (const auto& [name, object] : seen.objects) {
        Result<ReplicaSetView> view = parse_replica_set(object.parsed(), options.container);
        if (!view) {
            return fail("ReplicaSet " + name, view.error());
        }
        views.push_back(*std::move(view));
    }
    return views;
}

/// A pod of a ReplicaSet that we have not been told of may be ours: it must not lose its slot
/// because one watch overtook the other.
Result<std::vector<PodView>> parse_pods(const Options& options,
                                        const ObjectsSeen& seen,
                                        const std::vector<ReplicaSetView>& owners) {
    std::vector<PodView> views;
    for (const auto& [name, object] : seen.objects) {
        Result<PodView> view = parse_pod(object.parsed(), options.container);
        if (!view) {
            return fail("pod " + name, view.error());
        }
        const bool has_owner = !view->owner_uid.empty() && !view->is_deleting;
        if (has_owner &&
            std::ranges::find(owners, view->owner_uid, &ReplicaSetView::uid) == owners.end()) {
            return fail(Fault::late, fmt::format("pod {}: its ReplicaSet is not known yet", name));
        }
        views.push_back(*std::move(view));
    }
    return views;
}

}  // namespace

Result<void> check_kind_heard(std::string place,
                              const KindSeen& seen,
                              Instant now,
                              const GroupLimits& limits) {
    const bool is_troubled = seen.trouble->has_value();
    const std::optional<Instant> heard_at =
        seen.heard == nullptr ? seen.objects->heard_at : seen.heard->heard_at;
    const Duration within = is_troubled ? limits.heard_within_troubled : limits.heard_within;
    const bool is_heard = heard_at && now - *heard_at <= within;
    if (is_heard && seen.objects->resource_version > 0) {
        return {};
    }
    if (is_troubled) {
        return fail(place, **seen.trouble);
    }
    if (seen.objects->resource_version == 0) {
        return fail(Fault::late, std::move(place) + ": not listed yet");
    }
    const double silent_s = heard_at ? to_seconds(now - *heard_at) : 0;
    return fail(Fault::late,
                fmt::format("{}: the API server has said nothing for {:.0f} s", place, silent_s));
}

Result<void> check_heard(const Options& options,
                         const GroupSeen& seen,
                         Instant now,
                         const GroupLimits& limits) {
    struct Kind {
        std::string_view name;
        KindSeen seen;
    };
    const std::array kinds{Kind{"Deployment", seen.deployments},
                           Kind{"ReplicaSets", seen.replica_sets}, Kind{"pods", seen.pods}};
    // Why one cannot be read says more than that another has not been listed yet.
    for (const bool is_troubled : {true, false}) {
        for (const Kind& kind : kinds) {
            const Result<void> is_fit =
                kind.seen.trouble->has_value() == is_troubled
                    ? check_kind_heard(place_of(options, kind.name), kind.seen, now, limits)
                    : Result<void>{};
            if (!is_fit) {
                return is_fit;
            }
        }
    }
    return {};
}

Result<GroupView> parse_group(const Options& options, const GroupSeen& seen) {
    const auto found = seen.deployments.objects->objects.find(options.deployment);
    if (found == seen.deployments.objects->objects.end()) {
        return fail(Fault::absent, fmt::format("there is no Deployment {} in the namespace {}",
                                               options.deployment, options.name_space));
    }
    Result<DeploymentView> deployment = parse_deployment(found->second.parsed());
    if (!deployment) {
        return fail("Deployment " + options.deployment, deployment.error());
    }
    if (!deployment->is_observed()) {
        return fail(Fault::late,
                    fmt::format("Deployment {}: its controller has seen generation {} of {}",
                                options.deployment, deployment->observed_generation,
                                deployment->generation));
    }
    Result<std::vector<ReplicaSetView>> replica_sets =
        parse_replica_sets(options, *seen.replica_sets.objects);
    if (!replica_sets) {
        return std::unexpected(replica_sets.error());
    }
    Result<std::vector<PodView>> pods = parse_pods(options, *seen.pods.objects, *replica_sets);
    if (!pods) {
        return std::unexpected(pods.error());
    }
    GroupView view;
    view.deployment = *std::move(deployment);
    view.replica_sets = replica_sets_of(view.deployment, *std::move(replica_sets));
    view.pods = pods_of(view.replica_sets, *std::move(pods));
    view.pods_version = seen.pods.objects->resource_version;
    return view;
}

Readiness readiness_of(const GroupView& view) {
    const bool is_any_ready = std::ranges::any_of(
        view.pods, [](const PodView& pod) { return pod.is_ready && !pod.is_deleting; });
    if (is_any_ready) {
        return Readiness::some_ready;
    }
    return view.deployment.replicas == 0 ? Readiness::none_wanted : Readiness::none_ready;
}

VersionId version_of(const GroupView& view, const PodView& pod) {
    const auto owner = std::ranges::find(view.replica_sets, pod.owner_uid, &ReplicaSetView::uid);
    return owner == view.replica_sets.end() ? VersionId{} : version_of(*owner);
}

Instant to_instant(WallTime at, Instant now, WallTime wall_now) {
    // A time from outside: the bounds keep it in what a Duration can hold.
    constexpr std::chrono::milliseconds ago_max = std::chrono::years{100};
    const auto ago = std::clamp(wall_now - at, std::chrono::milliseconds::zero(), ago_max);
    return now - ago;
}

}  // namespace homeostat::adapters::kubernetes
