#include "homeostat/adapters/kubernetes/direct_reads.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/object_fields.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::size_t objects_max = 10'000;
constexpr std::size_t text_bytes_max = 4096;  // A token to go on with is some hundred bytes long.

Fault fault_of(int status) {
    switch (status) {
        case 404:
            return Fault::absent;
        case 401:
        case 403:
            return Fault::refused;
        case 429:
            return Fault::unreachable;
        default:
            return status >= 500 ? Fault::unreachable : Fault::broken;
    }
}

}  // namespace

Result<json::value> check_read(std::string_view what, Result<ApiReply> reply) {
    if (!reply) {
        return fail(what, reply.error());
    }
    if (!reply->is_ok()) {
        return fail(fault_of(reply->status), fmt::format("{}: {}", what, describe(*reply)));
    }
    return std::move(reply->body);
}

Result<ObjectList> parse_list(std::string_view what, Result<ApiReply> reply) {
    Result<json::value> body = check_read(what, std::move(reply));
    if (!body) {
        return std::unexpected(body.error());
    }
    std::optional<Error> error;
    const ObjectFields root(*body, std::string(what), error);
    const ObjectFields metadata = root.object("metadata");
    const std::string version = metadata.text("resourceVersion", text_bytes_max);
    const std::string more = metadata.text("continue", text_bytes_max);
    ObjectList list;
    const auto [end, trouble] =
        std::from_chars(version.data(), version.data() + version.size(), list.resource_version);
    const bool has_version =
        trouble == std::errc{} && end == version.data() + version.size() && !version.empty();
    const json::value* items = root.find("items");
    if (error || !has_version || items == nullptr || !items->is_array()) {
        return fail(Fault::broken, error ? error->text : fmt::format("{}: is no list", what));
    }
    if (!more.empty() || items->get_array().size() > objects_max) {
        return fail(Fault::broken,
                    fmt::format("{}: only a part of them came; more than {} cannot be guarded",
                                what, objects_max));
    }
    list.items = items->get_array();
    return list;
}

Task<Result<DeploymentView>> DirectReads::deployment(Instant deadline) {
    const std::string what =
        fmt::format("Deployment {}/{}", options_.name_space, options_.deployment);
    Result<ApiReply> reply = co_await api_.get(deployment_path(options_), deadline);
    const Result<json::value> body = check_read(what, std::move(reply));
    if (!body) {
        co_return std::unexpected(body.error());
    }
    Result<DeploymentView> deployment = parse_deployment(*body);
    if (!deployment) {
        co_return fail(what, deployment.error());
    }
    if (!deployment->is_observed()) {
        co_return fail(Fault::late,
                       fmt::format("{}: its controller has seen generation {} of {}", what,
                                   deployment->observed_generation, deployment->generation));
    }
    co_return deployment;
}

Task<Result<std::vector<ReplicaSetView>>> DirectReads::replica_sets(DeploymentView deployment,
                                                                    Instant deadline) {
    const std::string path = replica_sets_path(options_, deployment.selector);
    Result<ApiReply> reply = co_await api_.get(path, deadline);
    const Result<ObjectList> list = parse_list("ReplicaSets", std::move(reply));
    if (!list) {
        co_return std::unexpected(list.error());
    }
    std::vector<ReplicaSetView> views;
    for (const json::value& item : list->items) {
        Result<ReplicaSetView> view = parse_replica_set(item, options_.container);
        if (!view) {
            co_return std::unexpected(view.error());
        }
        views.push_back(*std::move(view));
    }
    co_return replica_sets_of(deployment, std::move(views));
}

Task<Result<GroupView>> DirectReads::group(Instant deadline) {
    Result<DeploymentView> deployment = co_await this->deployment(deadline);
    if (!deployment) {
        co_return std::unexpected(deployment.error());
    }
    const std::string path = pods_path(options_, deployment->selector);
    Result<ApiReply> reply = co_await api_.get(path, deadline);
    const Result<ObjectList> list = parse_list("pods", std::move(reply));
    if (!list) {
        co_return std::unexpected(list.error());
    }
    std::vector<PodView> pods;
    for (const json::value& item : list->items) {
        Result<PodView> pod = parse_pod(item, options_.container);
        if (!pod) {
            co_return std::unexpected(pod.error());
        }
        pods.push_back(*std::move(pod));
    }
    Result<std::vector<ReplicaSetView>> replica_sets =
        co_await this->replica_sets(*deployment, deadline);
    if (!replica_sets) {
        co_return std::unexpected(replica_sets.error());
    }
    pods = pods_of(*replica_sets, std::move(pods));
    co_return GroupView{.deployment = *std::move(deployment),
                        .replica_sets = *std::move(replica_sets),
                        .pods = std::move(pods),
                        .pods_version = list->resource_version};
}

}  // namespace homeostat::adapters::kubernetes
