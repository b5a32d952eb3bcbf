#include "homeostat/adapters/kubernetes/scaling.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/effect_mark.hpp"
#include "homeostat/adapters/kubernetes/json_patch.hpp"
#include "homeostat/adapters/kubernetes/object_fields.hpp"
#include "homeostat/adapters/kubernetes/rehearsed_write.hpp"
#include "homeostat/adapters/kubernetes/write_outcome.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::size_t text_bytes_max = 253;

/// What the server would want, or wants now; nothing: its answer does not say.
std::optional<std::uint64_t> replicas_in(const ApiReply& reply) {
    std::optional<Error> error;
    constexpr auto count_max = std::uint64_t{1} << 31U;
    const ObjectFields root(reply.body, "scale", error);
    const std::uint64_t replicas = root.object("spec").number("replicas", count_max);
    return error ? std::nullopt : std::optional(replicas);
}

bool is_of_apps(std::string_view api_version) {
    return api_version.starts_with("apps/");
}

}  // namespace

std::string manager_text(const ScaleMark& mark) {
    return manager_text(EffectMark{mark.effect, mark.from});
}

std::optional<ScaleMark> scale_mark_of(const DeploymentView& deployment) {
    std::optional<EffectMark> mark = parse_effect_mark(deployment.replicas_manager);
    if (!mark || mark->from > std::numeric_limits<std::uint32_t>::max()) {
        return std::nullopt;
    }
    return ScaleMark{std::move(mark->effect), static_cast<std::uint32_t>(mark->from)};
}

std::uint32_t spares_at_work(const DeploymentView& deployment) {
    const std::optional<ScaleMark> mark = scale_mark_of(deployment);
    return mark && deployment.replicas > mark->from ? deployment.replicas - mark->from : 0;
}

std::uint32_t spares_left(const DeploymentView& deployment, const Options& options) {
    const bool may_grow = deployment.replicas > 0 && !deployment.is_paused;
    return may_grow && options.replicas_max > deployment.replicas
               ? options.replicas_max - deployment.replicas
               : 0;
}

void leave_out_leaving(std::vector<RuntimeInstance>& instances,
                       const DeploymentView& deployment,
                       const VersionId& current) {
    const auto is_wanted = [](const RuntimeInstance& one) { return one.is_wanted; };
    const bool is_rolling = std::ranges::any_of(instances, [&](const RuntimeInstance& one) {
        return !one.identity.is_none() && one.version != current;
    });
    auto wanted_count = static_cast<std::size_t>(std::ranges::count_if(instances, is_wanted));
    for (auto at = instances.rbegin(); at != instances.rend() && !is_rolling; ++at) {
        const bool is_leaving = at->is_wanted && wanted_count > deployment.replicas;
        at->is_wanted = at->is_wanted && !is_leaving;
        wanted_count -= is_leaving ? 1 : 0;
    }
}

void mark_spares(std::vector<RuntimeInstance>& instances,
                 const DeploymentView& deployment,
                 const Options& options) {
    std::uint32_t at_work = spares_at_work(deployment);
    std::uint32_t left = spares_left(deployment, options);
    const auto take_from = [](std::uint32_t& count, RuntimeInstance& instance) {
        instance.is_spare = count > 0;
        count -= count > 0 ? 1 : 0;
    };
    for (auto at = instances.rbegin(); at != instances.rend(); ++at) {
        if (at->is_wanted) {
            take_from(at_work, *at);
        }
    }
    const auto is_wanted = [](const RuntimeInstance& one) { return one.is_wanted; };
    const auto behind = std::find_if(instances.rbegin(), instances.rend(), is_wanted).base();
    const auto mark_idle = [&](auto from, auto to) {
        for (auto at = from; at != to; ++at) {
            if (!at->is_wanted) {
                take_from(left, *at);
            }
        }
    };
    mark_idle(behind, instances.end());
    mark_idle(instances.begin(), behind);
}

Result<ScaleOrder> order_up(const DeploymentView& deployment,
                            const EffectId& effect,
                            const Options& options) {
    if (deployment.is_paused) {
        return fail(Fault::refused, "the Deployment is paused, and so is its number of replicas");
    }
    if (deployment.replicas == 0) {
        return fail(Fault::refused, "the Deployment is scaled to zero: nobody ought to serve");
    }
    if (spares_left(deployment, options) == 0) {
        return fail(Fault::refused, fmt::format("{} replicas are wanted, and we ask for {} at most",
                                                deployment.replicas, options.replicas_max));
    }
    const std::optional<ScaleMark> mark = scale_mark_of(deployment);
    const bool is_ours = mark && deployment.replicas >= mark->from;
    return ScaleOrder{effect, deployment.replicas + 1, is_ours ? mark->from : deployment.replicas};
}

Result<ScaleOrder> order_down(const DeploymentView& deployment, const EffectId& effect) {
    const std::optional<ScaleMark> mark = scale_mark_of(deployment);
    if (!mark) {
        return fail(Fault::refused,
                    fmt::format("somebody else has set the number of replicas since: {}, by '{}'",
                                deployment.replicas, deployment.replicas_manager));
    }
    if (deployment.replicas <= mark->from) {
        return fail(Fault::refused, fmt::format("{} replicas are wanted, no more than before ours",
                                                deployment.replicas));
    }
    return ScaleOrder{effect, deployment.replicas - 1, mark->from};
}

ApiWrite write_of(const ScaleOrder& order, const DeploymentView& seen, const Options& options) {
    json::array patch;
    patch.push_back(patch_operation("test", "/metadata/uid", json::value(seen.uid)));
    patch.push_back(
        patch_operation("test", "/metadata/resourceVersion", json::value(seen.resource_version)));
    patch.push_back(patch_operation("test", "/spec/replicas", json::value(seen.replicas)));
    patch.push_back(patch_operation("replace", "/spec/replicas", json::value(order.to)));
    return ApiWrite{.method = "PATCH",
                    .path = deployment_path(options) + "/scale",
                    .content_type = "application/json-patch+json",
                    .body = to_text(json::value(std::move(patch))),
                    .manager = manager_text(ScaleMark{order.effect, order.from})};
}

Result<void> check_autoscalers(const ObjectList& autoscalers, const Options& options) {
    for (const json::value& item : autoscalers.items) {
        std::optional<Error> error;
        const ObjectFields root(item, "horizontalpodautoscaler", error);
        const ObjectFields target = root.object("spec").object("scaleTargetRef");
        const std::string kind = target.text("kind", text_bytes_max);
        const std::string api_version = target.text("apiVersion", text_bytes_max);
        const std::string aim = target.text("name", text_bytes_max);
        const bool is_ours =
            kind == "Deployment" && is_of_apps(api_version) && aim == options.deployment;
        const std::string name = root.object("metadata").text("name", text_bytes_max);
        if (error) {
            return fail(Fault::refused,
                        "what a HorizontalPodAutoscaler aims at cannot be told: " + error->text);
        }
        if (is_ours) {
            return fail(Fault::refused,
                        fmt::format("the HorizontalPodAutoscaler {} scales the Deployment {}, and "
                                    "we yield to it",
                                    name, options.deployment));
        }
    }
    return {};
}

Task<Result<void>> Scaling::check_autoscalers_now(Instant deadline) {
    std::string path = autoscalers_path(options_);
    Result<ApiReply> reply = co_await api_.get(std::move(path), deadline);
    const Result<ObjectList> list = parse_list("HorizontalPodAutoscalers", std::move(reply));
    if (!list) {
        co_return fail("whether one of them scales the Deployment is not known", list.error());
    }
    co_return check_autoscalers(*list, options_);
}

Task<Outcome> Scaling::carry_out(ScaleOrder order, DeploymentView seen, Instant deadline) {
    const Result<void> is_free = co_await check_autoscalers_now(deadline);
    if (!is_free) {
        co_return refused(is_free.error().text);
    }
    RehearsedWrite wanted{
        .write = write_of(order, seen, options_),
        .is_as_wanted = [to = order.to](const ApiReply& reply) { return replicas_in(reply) == to; },
        .other = "another number",
        .done = fmt::format("{} replicas are wanted", order.to)};
    Outcome outcome = co_await write_rehearsed(api_, clock_, std::move(wanted), deadline, reach_);
    co_return outcome;
}

}  // namespace homeostat::adapters::kubernetes
