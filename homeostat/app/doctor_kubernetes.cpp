#include "homeostat/app/doctor_kubernetes.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/direct_reads.hpp"
#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/adapters/kubernetes/incident_kind.hpp"
#include "homeostat/adapters/kubernetes/permissions.hpp"
#include "homeostat/adapters/kubernetes/quantity.hpp"
#include "homeostat/adapters/kubernetes/rollout_pause.hpp"
#include "homeostat/adapters/kubernetes/scaling.hpp"
#include "homeostat/app/cluster_mend.hpp"
#include "homeostat/app/kubernetes_place.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace kubernetes = adapters::kubernetes;

constexpr Duration answer_within = std::chrono::seconds{5};

using Missing = Result<std::vector<kubernetes::Permission>>;

Task<void> ask(kubernetes::HttpApiClient& api,
               const kubernetes::Options& options,
               std::vector<kubernetes::Permission> wanted,
               Instant deadline,
               Missing& missing) {
    std::string name_space = options.name_space;
    missing = co_await kubernetes::missing_permissions(api, std::move(name_space),
                                                       std::move(wanted), deadline);
}

Check check_permissions(const Config& config, const kubernetes::ClusterAccess& access) {
    const kubernetes::Options options = kubernetes_options_of(config);
    const std::vector<kubernetes::Permission> wanted =
        kubernetes::permissions_for(options, kubernetes_uses_of(config));
    Missing missing = fail(Fault::late, "the cluster was not heard of in time");
    asio::io_context context{1};
    const auto api = kubernetes::HttpApiClient::make(context.get_executor(), access);
    if (!api) {
        return ill("permissions", api.error().text, "mend what " + access.told_by + " says");
    }
    const Instant deadline = os::read_boot_clock() + answer_within;
    asio::co_spawn(context, ask(**api, options, wanted, deadline, missing), asio::detached);
    context.run();
    if (!missing) {
        return ill("permissions", missing.error().text,
                   "ask again when the cluster answers, or mend our identity");
    }
    if (missing->empty()) {
        return well("permissions", fmt::format("all {} that are needed", wanted.size()));
    }
    std::string names;
    for (const kubernetes::Permission& permission : *missing) {
        fmt::format_to(std::back_inserter(names), "{}{}", names.empty() ? "" : ", ",
                       kubernetes::to_text(permission));
    }
    // All of them and not the missing ones alone: applied, it takes the place of the Role of that
    // name, which may be the one that grants the others.
    return ill("permissions", "missing: " + names,
               "bind our identity to this Role, which has all that are needed:\n" +
                   kubernetes::role_yaml("homeostat-" + config.service.text(), options.name_space,
                                         wanted));
}

Task<void> ask_kind(kubernetes::HttpApiClient& api, Instant deadline, Result<void>& served) {
    served = co_await kubernetes::check_incident_kind(api, deadline);
}

Check check_incidents(const kubernetes::ClusterAccess& access) {
    Result<void> served = fail(Fault::late, "the cluster was not heard of in time");
    asio::io_context context{1};
    const auto api = kubernetes::HttpApiClient::make(context.get_executor(), access);
    if (!api) {
        return ill("incidents", api.error().text, "mend what " + access.told_by + " says");
    }
    const Instant deadline = os::read_boot_clock() + answer_within;
    asio::co_spawn(context, ask_kind(**api, deadline, served), asio::detached);
    context.run();
    return served ? well("incidents", "the cluster serves homeostat.dev/v1alpha1")
                  : ill("incidents",
                        served.error().text + "; no Incident object is written, all else goes on",
                        "kubectl apply -k deploy/kustomize/crd, or leave "
                        "runtime.kubernetes.incidents out");
}

Task<void> ask_autoscalers(kubernetes::HttpApiClient& api,
                           const kubernetes::Options& options,
                           Instant deadline,
                           Result<void>& is_free) {
    std::string path = kubernetes::autoscalers_path(options);
    Result<kubernetes::ApiReply> reply = co_await api.get(std::move(path), deadline);
    const auto list = kubernetes::parse_list("HorizontalPodAutoscalers", std::move(reply));
    is_free = list ? kubernetes::check_autoscalers(*list, options) : std::unexpected(list.error());
}

/// Whether the number of replicas is ours to change.
Check check_scale(const Config& config, const kubernetes::ClusterAccess& access) {
    const kubernetes::Options options = kubernetes_options_of(config);
    Result<void> is_free = fail(Fault::late, "the cluster was not heard of in time");
    asio::io_context context{1};
    const auto api = kubernetes::HttpApiClient::make(context.get_executor(), access);
    if (!api) {
        return ill("scale", api.error().text, "mend what " + access.told_by + " says");
    }
    const Instant deadline = os::read_boot_clock() + answer_within;
    asio::co_spawn(context, ask_autoscalers(**api, options, deadline, is_free), asio::detached);
    context.run();
    return is_free ? well("scale", fmt::format("no autoscaler aims at the Deployment, so that we "
                                               "may ask for {} replicas at most",
                                               options.replicas_max))
                   : ill("scale", is_free.error().text,
                         "let one of both scale it: leave autonomy.scale out, or remove the "
                         "autoscaler");
}

Check check_place(const Result<KubernetesPlace>& place) {
    if (!place) {
        const auto& [wrong, mend] = split_mend(place.error().text);
        return ill("deployment", wrong,
                   mend.empty() ? "correct the key, or what it names in the cluster" : mend);
    }
    std::string says =
        fmt::format("{}/{} is there", place->options.name_space, place->options.deployment);
    if (place->service_address) {
        fmt::format_to(std::back_inserter(says), ", behind the Service at {}",
                       net::to_text(*place->service_address));
    }
    if (place->is_paused) {
        return ill("deployment",
                   says + (place->is_paused_by_us
                               ? ", and paused by us, as what was rolled out was ill"
                               : ", and paused: its version and its number stay as they are"),
                   kubernetes::resume_words(place->options));
    }
    return well("deployment", std::move(says));
}

/// Whether there is a limit of memory that may be raised in place.
Check check_resize(const KubernetesPlace& place) {
    const std::optional<kubernetes::PodMemory>& memory = place.memory;
    const std::string most = kubernetes::memory_quantity(place.options.memory_bytes_max);
    if (!memory) {
        return ill("resize", "the pods' container has no limit of memory, so that none is raised",
                   "give it resources.limits.memory, or leave runtime.kubernetes.resize_max out");
    }
    if (memory->restarts) {
        return ill("resize",
                   "the container's resizePolicy has it ended for another limit of memory, so that "
                   "it is not resized",
                   "let the policy of memory be NotRequired, or leave autonomy.resize out");
    }
    if (memory->limit_bytes >= place.options.memory_bytes_max) {
        return ill(
            "resize",
            fmt::format("the pods have {} of memory, and {} is the most that may be asked for",
                        kubernetes::memory_quantity(memory->limit_bytes), most),
            "raise runtime.kubernetes.resize_max, or leave autonomy.resize out");
    }
    return well("resize", fmt::format("the pods have {} of memory, and one may have up to {} of it",
                                      kubernetes::memory_quantity(memory->limit_bytes), most));
}

}  // namespace

std::vector<Check> check_cluster(const Config& config) {
    const auto access = cluster_access_of(*config.kubernetes);
    if (!access) {
        return {ill("cluster", access.error().text, "correct runtime.kubernetes.kubeconfig")};
    }
    std::vector<Check> checks{
        well("cluster", fmt::format("{}:{}, by {}", access->host, access->port, access->told_by))};
    const auto place = find_in_cluster(config, os::read_boot_clock() + answer_within);
    checks.push_back(check_place(place));
    checks.push_back(check_permissions(config, *access));
    const std::vector<kubernetes::Use> uses = kubernetes_uses_of(config);
    if (std::ranges::find(uses, kubernetes::Use::scale) != uses.end()) {
        checks.push_back(check_scale(config, *access));
    }
    if (place && std::ranges::find(uses, kubernetes::Use::resize) != uses.end()) {
        checks.push_back(check_resize(*place));
    }
    if (config.kubernetes->writes_incidents) {
        checks.push_back(check_incidents(*access));
    }
    return checks;
}

}  // namespace homeostat::app
