#include "homeostat/adapters/kubernetes/config_revert.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/configs.hpp"
#include "homeostat/adapters/kubernetes/json_patch.hpp"
#include "homeostat/adapters/kubernetes/rehearsed_write.hpp"
#include "homeostat/adapters/kubernetes/write_outcome.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

json::object object_of(const std::vector<ConfigEntry>& entries) {
    json::object object;
    for (const ConfigEntry& one : entries) {
        object[one.key] = one.value;
    }
    return object;
}

/// A member as a whole, where it differs; one without a key is taken away.
void add_member(json::array& patch,
                std::string_view path,
                const std::vector<ConfigEntry>& seen,
                const std::vector<ConfigEntry>& wanted) {
    if (seen == wanted) {
        return;
    }
    if (wanted.empty()) {
        patch.push_back(patch_removal(path));
    } else {
        patch.push_back(patch_operation("add", path, object_of(wanted)));
    }
}

bool has_contents(const ApiReply& reply, const ConfigContents& wanted) {
    const Result<ConfigMapView> view = parse_config_map(reply.body);
    return view && view->contents == wanted;
}

}  // namespace

Result<ConfigRevert> revert_of(const ConfigVersion& target, const ConfigsView& configs) {
    std::optional<ConfigRevert> revert;
    for (const ConfigMapView& one : configs.maps) {
        const auto wanted =
            std::ranges::find(target.maps, one.contents.name, &ConfigContents::name);
        if (wanted == target.maps.end() || *wanted == one.contents) {
            continue;
        }
        if (revert) {
            return fail(Fault::refused, fmt::format("both {} and {} would have to change, which is "
                                                    "not one write",
                                                    revert->target.name, wanted->name));
        }
        revert = ConfigRevert{one, *wanted};
    }
    if (!revert || target.maps.size() != configs.maps.size()) {
        return fail(Fault::refused, "the ConfigMaps do not differ from " + target.version.text());
    }
    if (revert->seen.is_immutable) {
        return fail(Fault::refused,
                    fmt::format("the ConfigMap {} is immutable", revert->target.name));
    }
    return *std::move(revert);
}

Result<ConfigRevert> revert_of(const SwapVersion& step,
                               const ConfigsView& configs,
                               const ConfigHistory& history) {
    if (configs.version != step.from) {
        return fail(Fault::refused, fmt::format("{} is in force, not {} as expected",
                                                configs.version.empty() ? "no whole configuration"
                                                                        : configs.version.text(),
                                                step.from.text()));
    }
    const ConfigVersion* target = history.find(step.to);
    if (target == nullptr) {
        return fail(Fault::absent, "nothing is kept of the configuration " + step.to.text());
    }
    return revert_of(*target, configs);
}

ApiWrite write_of(const ConfigRevert& revert,
                  const SwapVersion& step,
                  const EffectId& effect,
                  const Options& options) {
    const std::string mark =
        fmt::format("{} {} {}", effect.text(), step.from.text(), step.to.text());
    const ConfigMapView& seen = revert.seen;
    json::array patch;
    patch.push_back(patch_operation("test", "/metadata/uid", json::value(seen.uid)));
    patch.push_back(
        patch_operation("test", "/metadata/resourceVersion", json::value(seen.resource_version)));
    add_member(patch, "/data", seen.contents.data, revert.target.data);
    add_member(patch, "/binaryData", seen.contents.binary_data, revert.target.binary_data);
    if (!seen.has_annotations) {
        patch.push_back(patch_operation("add", "/metadata/annotations", json::object{}));
    }
    patch.push_back(patch_operation("add", annotation_path(effect_annotation), json::value(mark)));
    return ApiWrite{.method = "PATCH",
                    .path = config_map_path(options, revert.target.name),
                    .content_type = "application/json-patch+json",
                    .body = to_text(json::value(std::move(patch)))};
}

Task<Outcome> ConfigReverting::carry_out(SwapVersion step,
                                         EffectId effect,
                                         Configs& configs,
                                         Instant deadline) {
    const Result<ConfigsView> now = co_await configs.read(api_, deadline);
    if (!now) {
        co_return refused(now.error().text);
    }
    const Result<ConfigRevert> revert = revert_of(step, *now, configs.history());
    if (!revert) {
        co_return refused(revert.error().text);
    }
    reach_(Phase::checked);
    RehearsedWrite wanted{
        .write = write_of(*revert, step, effect, options_),
        .is_as_wanted =
            [to = revert->target](const ApiReply& reply) { return has_contents(reply, to); },
        .other = "other contents",
        .done = step.to.text() + " is in force"};
    Outcome outcome = co_await write_rehearsed(api_, clock_, std::move(wanted), deadline, reach_);
    co_return outcome;
}

}  // namespace homeostat::adapters::kubernetes
