#include "homeostat/adapters/kubernetes/rollout_pause.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/json_patch.hpp"
#include "homeostat/adapters/kubernetes/opt_out.hpp"
#include "homeostat/adapters/kubernetes/rehearsed_write.hpp"
#include "homeostat/adapters/kubernetes/write_outcome.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::string_view paused_word = "paused";
constexpr std::string_view resumed_word = "resumed";

/// Other versions of which the Deployment's controller still wants pods.
bool is_rolling_out(const GroupView& group, const ReplicaSetView& current) {
    return std::ranges::any_of(group.replica_sets, [&](const ReplicaSetView& one) {
        return one.uid != current.uid && one.replicas > 0;
    });
}

/// Whether the answer shows the Deployment as the step wants it.
bool is_as_wanted(const ApiReply& reply, const SetPaused& step, const EffectId& effect) {
    const Result<DeploymentView> deployment = parse_deployment(reply.body);
    if (!deployment || !step.is_paused) {
        return deployment && !deployment->is_paused;
    }
    return pause_mark_of(*deployment) == PauseMark{effect, step.version};
}

}  // namespace

std::string annotation_text(const PauseMark& mark, bool is_paused) {
    return fmt::format("{} {} {}", mark.effect.text(), mark.version.text(),
                       is_paused ? paused_word : resumed_word);
}

std::optional<PauseMark> pause_mark_of(const DeploymentView& deployment) {
    return deployment.paused_manager == field_manager ? pause_note_of(deployment) : std::nullopt;
}

std::optional<PauseMark> pause_note_of(const DeploymentView& deployment) {
    const std::string_view text = deployment.effect;
    const std::size_t first = text.find(' ');
    const std::size_t last = text.rfind(' ');
    if (!deployment.is_paused || first == std::string_view::npos || first == last ||
        text.substr(last + 1) != paused_word) {
        return std::nullopt;
    }
    const std::string_view effect = text.substr(0, first);
    const std::string_view version = text.substr(first + 1, last - first - 1);
    return is_plain_name(effect) && is_plain_name(version)
               ? std::optional(
                     PauseMark{EffectId{std::string(effect)}, VersionId{std::string(version)}})
               : std::nullopt;
}

std::string resume_words(const Options& options) {
    return fmt::format("kubectl --namespace {} rollout resume deployment/{}", options.name_space,
                       options.deployment);
}

RolloutFacts rollout_facts_of(const GroupView& group, const Options& options) {
    const ReplicaSetView* current = current_of(group.deployment, group.replica_sets);
    RolloutFacts facts;
    facts.is_under_way = current != nullptr && is_rolling_out(group, *current);
    facts.is_paused = group.deployment.is_paused;
    if (const std::optional<PauseMark> mark = pause_mark_of(group.deployment)) {
        facts.paused_by = mark->effect;
    }
    facts.resume_words = resume_words(options);
    return facts;
}

std::uint32_t old_serving_count(const GroupView& group) {
    const ReplicaSetView* current = current_of(group.deployment, group.replica_sets);
    if (current == nullptr || group.deployment.is_paused || !is_rolling_out(group, *current)) {
        return 0;
    }
    const auto count = std::ranges::count_if(group.pods, [&](const PodView& pod) {
        return pod.owner_uid != current->uid && pod.is_ready && !pod.is_deleting;
    });
    return static_cast<std::uint32_t>(count);
}

namespace {

Result<void> check_to_stop(const SetPaused& step,
                           const DeploymentView& deployment,
                           const std::vector<ReplicaSetView>& replica_sets) {
    const ReplicaSetView* current = current_of(deployment, replica_sets);
    if (current == nullptr || version_of(*current) != step.version) {
        return fail(Fault::refused,
                    fmt::format("{} is rolled out, not {} as expected",
                                current == nullptr ? "something new" : version_of(*current).text(),
                                step.version.text()));
    }
    return deployment.is_paused ? fail(Fault::refused, "the Deployment is paused already")
                                : Result<void>();
}

/// What is ours is ended whatever is rolled out by now: nothing new comes while it stands.
Result<void> check_to_go_on(const SetPaused& step, const DeploymentView& deployment) {
    const std::optional<PauseMark> mark = pause_mark_of(deployment);
    if (mark && mark->version == step.version) {
        return {};
    }
    return fail(Fault::refused, mark ? fmt::format("the Deployment is paused for {}, not for {}",
                                                   mark->version.text(), step.version.text())
                                : deployment.is_paused ? "the Deployment is paused by somebody else"
                                                       : "the Deployment is not paused");
}

}  // namespace

Result<void> check_pause(const SetPaused& step,
                         const DeploymentView& deployment,
                         const std::vector<ReplicaSetView>& replica_sets) {
    if (Result<void> may = check_not_ignored(deployment); !may) {
        return may;
    }
    return step.is_paused ? check_to_stop(step, deployment, replica_sets)
                          : check_to_go_on(step, deployment);
}

std::string pause_patch(const SetPaused& step, const EffectId& effect, const DeploymentView& seen) {
    const std::string note = annotation_path(effect_annotation);
    json::array patch;
    patch.push_back(patch_operation("test", "/metadata/uid", json::value(seen.uid)));
    patch.push_back(
        patch_operation("test", "/metadata/resourceVersion", json::value(seen.resource_version)));
    if (step.is_paused) {
        patch.push_back(patch_operation("add", "/spec/paused", json::value(true)));
    } else {
        patch.push_back(patch_operation("test", note, json::value(seen.effect)));
        patch.push_back(patch_operation("test", "/spec/paused", json::value(true)));
        patch.push_back(patch_removal("/spec/paused"));
    }
    const std::string mark = annotation_text({effect, step.version}, step.is_paused);
    patch.push_back(patch_operation("add", note, json::value(mark)));
    return to_text(json::value(std::move(patch)));
}

Task<Outcome> RolloutPausing::carry_out(SetPaused step, EffectId effect, Instant deadline) {
    if (step.service != options_.service) {
        co_return refused("the rollouts of " + step.service.text() + " are not ours to pause");
    }
    const Result<DeploymentView> deployment = co_await reads_.deployment(deadline);
    if (!deployment) {
        co_return refused(deployment.error().text);
    }
    const Result<std::vector<ReplicaSetView>> replica_sets =
        co_await reads_.replica_sets(*deployment, deadline);
    if (!replica_sets) {
        co_return refused(replica_sets.error().text);
    }
    if (const Result<void> fits = check_pause(step, *deployment, *replica_sets); !fits) {
        co_return refused(fits.error().text);
    }
    reach_(Phase::checked);
    RehearsedWrite wanted{
        .write = ApiWrite{.method = "PATCH",
                          .path = deployment_path(options_),
                          .content_type = "application/json-patch+json",
                          .body = pause_patch(step, effect, *deployment)},
        .is_as_wanted =
            [step, effect](const ApiReply& reply) { return is_as_wanted(reply, step, effect); },
        .other = step.is_paused ? "a rollout that does not stand by us" : "a rollout that stands",
        .done = step.is_paused ? "the rollout stands" : "the rollout goes on"};
    Outcome outcome = co_await write_rehearsed(api_, clock_, std::move(wanted), deadline, reach_);
    co_return outcome;
}

}  // namespace homeostat::adapters::kubernetes
