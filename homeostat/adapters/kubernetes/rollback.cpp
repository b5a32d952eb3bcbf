#include "homeostat/adapters/kubernetes/rollback.hpp"

#include "homeostat/adapters/kubernetes/json_patch.hpp"
#include "homeostat/adapters/kubernetes/opt_out.hpp"
#include "homeostat/adapters/kubernetes/rollout_pause.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::string_view cause_annotation = "kubernetes.io/change-cause";

/// The server tests texts byte by byte against its own writing, which escapes what HTML minds.
/// SOURCE: Go's encoding/json, with which it writes; evanphx/json-patch, with which it compares.
std::string escaped_as_go(std::string_view text) {
    struct Escape {
        std::string_view raw;
        std::string_view escaped;
    };
    constexpr std::array escapes{Escape{"<", "\\u003c"}, Escape{">", "\\u003e"},
                                 Escape{"&", "\\u0026"}, Escape{"\xe2\x80\xa8", "\\u2028"},
                                 Escape{"\xe2\x80\xa9", "\\u2029"}};
    std::string escaped;
    while (!text.empty()) {
        const auto found = std::ranges::find_if(
            escapes, [&](const Escape& escape) { return text.starts_with(escape.raw); });
        const bool is_plain = found == escapes.end();
        escaped += is_plain ? text.substr(0, 1) : found->escaped;
        text.remove_prefix(is_plain ? 1 : found->raw.size());
    }
    return escaped;
}

}  // namespace

Result<PerArtifact<VersionFacts>> versions_of(const GroupView& group, const Options& options) {
    const ReplicaSetView* current = current_of(group.deployment, group.replica_sets);
    PerArtifact<VersionFacts> facts;
    for (const ReplicaSetView& one : group.replica_sets) {
        facts.deploy.present.push_back(version_of(one));
    }
    std::ranges::sort(facts.deploy.present);
    if (current == nullptr && pause_mark_of(group.deployment)) {
        // None is made for as long as our own pause stands, which has to end by what we say here.
        return facts;
    }
    if (current == nullptr) {
        return fail(Fault::late,
                    fmt::format("Deployment {}: there is no ReplicaSet of its template{}",
                                options.deployment,
                                group.deployment.is_paused ? "; it is paused" : " yet"));
    }
    if (current->image.empty()) {
        return fail(Fault::invalid, fmt::format("Deployment {}: its pods have no container '{}'; "
                                                "the configuration has to name one of theirs",
                                                options.deployment, options.container));
    }
    facts.deploy.current = version_of(*current);
    return facts;
}

Result<ReplicaSetView> target_of(const SwapVersion& step,
                                 const DeploymentView& deployment,
                                 const std::vector<ReplicaSetView>& replica_sets) {
    if (const Result<void> may = check_not_ignored(deployment); !may) {
        return std::unexpected(may.error());
    }
    const ReplicaSetView* current = current_of(deployment, replica_sets);
    if (current == nullptr || deployment.revision == 0) {
        return fail(Fault::refused, "the Deployment has rolled out nothing of what it says yet");
    }
    if (const VersionId now = version_of(*current); now != step.from) {
        return fail(Fault::refused, fmt::format("{} is in force, not {} as expected", now.text(),
                                                step.from.text()));
    }
    if (deployment.is_paused && !pause_mark_of(deployment)) {
        return fail(Fault::refused,
                    "the Deployment is paused by somebody else: a change of it would come to "
                    "nothing for now");
    }
    const auto target = std::ranges::find_if(
        replica_sets, [&](const ReplicaSetView& one) { return version_of(one) == step.to; });
    if (target == replica_sets.end() || step.to == step.from) {
        return fail(Fault::absent,
                    fmt::format("no other ReplicaSet of the Deployment is {}", step.to.text()));
    }
    return *target;
}

std::string rollback_patch(const SwapVersion& step,
                           const EffectId& effect,
                           const DeploymentView& seen,
                           const ReplicaSetView& target) {
    const std::string mark =
        fmt::format("{} {} {}", effect.text(), step.from.text(), step.to.text());
    const std::string cause =
        fmt::format("homeostat {}: rollback to {}", effect.text(), step.to.text());
    json::array patch;
    patch.push_back(patch_operation("test", "/metadata/uid", json::value(seen.uid)));
    patch.push_back(patch_operation("test", "/spec/template", seen.pod_template));
    patch.push_back(patch_operation("replace", "/spec/template", target.pod_template));
    if (pause_mark_of(seen)) {
        // Ours, and of the version that goes: it ends in the same write, or not at all.
        patch.push_back(
            patch_operation("test", annotation_path(effect_annotation), json::value(seen.effect)));
        patch.push_back(patch_operation("test", "/spec/paused", json::value(true)));
        patch.push_back(patch_removal("/spec/paused"));
    }
    patch.push_back(patch_operation("add", annotation_path(effect_annotation), json::value(mark)));
    patch.push_back(patch_operation("add", annotation_path(cause_annotation), json::value(cause)));
    return escaped_as_go(to_text(json::value(std::move(patch))));
}

bool has_template(const ApiReply& reply, const ReplicaSetView& target) {
    const Result<DeploymentView> deployment = parse_deployment(reply.body);
    return deployment && !deployment->is_paused && deployment->pod_template == target.pod_template;
}

}  // namespace homeostat::adapters::kubernetes
