#include "homeostat/app/kubernetes_place.hpp"

#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/adapters/kubernetes/rollout_pause.hpp"
#include "homeostat/adapters/kubernetes/service_object.hpp"
#include "homeostat/app/cluster_mend.hpp"
#include "homeostat/app/cluster_question.hpp"
#include "homeostat/app/job_making.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace kubernetes = adapters::kubernetes;

/// As the kubelet sets it for every container.
std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

/// Null: it is no object, or has no such member.
const json::value* member_of(const json::value* value, std::string_view name) {
    const json::object* object = value == nullptr ? nullptr : value->if_object();
    return object == nullptr ? nullptr : object->if_contains(name);
}

/// The one of that name, or the first without a name. Null: there is none.
const json::value* container_of(const json::value& pod_template, std::string_view name) {
    const json::value* containers = member_of(member_of(&pod_template, "spec"), "containers");
    const json::array* all = containers == nullptr ? nullptr : containers->if_array();
    if (all == nullptr) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(*all, [&](const json::value& one) {
        const json::value* its_name = member_of(&one, "name");
        return name.empty() || (its_name != nullptr && *its_name == json::value(name));
    });
    return found == all->end() ? nullptr : &*found;
}

/// The first port that the guarded container declares. 0: it declares none.
std::uint16_t declared_port(const kubernetes::DeploymentView& deployment,
                            std::string_view container) {
    const json::value* ports = member_of(container_of(deployment.pod_template, container), "ports");
    const json::array* all = ports == nullptr ? nullptr : ports->if_array();
    const json::value* port =
        all == nullptr || all->empty() ? nullptr : member_of(&all->front(), "containerPort");
    const std::int64_t number = port != nullptr && port->is_int64() ? port->get_int64() : 0;
    return number > 0 && number <= 65535 ? static_cast<std::uint16_t>(number) : std::uint16_t{0};
}

Result<net::Endpoint> service_address_of(const KubernetesServiceConfig& service,
                                         const Result<json::value>& object) {
    if (!object) {
        return std::unexpected(object.error());
    }
    return kubernetes::parse_service(*object, std::to_string(service.port));
}

}  // namespace

Result<kubernetes::ClusterAccess> cluster_access_of(const KubernetesConfig& config) {
    if (!config.kubeconfig.empty()) {
        auto access = kubernetes::read_kubeconfig(config.kubeconfig.string(), config.context);
        return access ? std::move(access) : fail("runtime.kubernetes.kubeconfig", access.error());
    }
    auto access = kubernetes::read_service_account(environment("KUBERNETES_SERVICE_HOST"),
                                                   environment("KUBERNETES_SERVICE_PORT"));
    return access ? std::move(access)
                  : fail("runtime.kubernetes: without kubeconfig we have to be in the cluster",
                         access.error());
}

kubernetes::Options kubernetes_options_of(const Config& config) {
    kubernetes::Options options;
    options.service = config.service;
    options.name_space = config.kubernetes->name_space;
    options.deployment = config.kubernetes->deployment;
    options.container = config.kubernetes->container;
    options.service_object = config.kubernetes->service ? config.kubernetes->service->name : "";
    options.lease = config.kubernetes->lease;
    options.switch_object = config.kubernetes->switch_object;
    options.writes_incidents = config.kubernetes->writes_incidents;
    options.slots_count = config.kubernetes->slots;
    options.replicas_max = config.kubernetes->replicas_max;
    options.memory_bytes_max = config.kubernetes->memory_bytes_max;
    options.configs = config.kubernetes->configs;
    options.job_templates = job_templates_of(config);
    options.configs_restart = config.kubernetes->configs_restart;
    options.run_directory = config.run_directory.string();
    if (config.http_signal) {
        options.answer_within = config.http_signal->timeout;
    }
    return options;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one key after another.
std::vector<kubernetes::Use> kubernetes_uses_of(const Config& config) {
    const auto may_act = [&](RemedyKind kind) {
        const Autonomy autonomy = config.guard.autonomy_of(kind);
        return autonomy == Autonomy::act || autonomy == Autonomy::ask;
    };
    std::vector<kubernetes::Use> uses{kubernetes::Use::watching, kubernetes::Use::obstacles};
    if (config.kubernetes->service) {
        uses.push_back(kubernetes::Use::service);
    }
    if (!config.kubernetes->switch_object.empty()) {
        uses.push_back(kubernetes::Use::suspension);
    }
    if (!config.kubernetes->lease.empty()) {
        uses.push_back(kubernetes::Use::lease);
    }
    if (config.kubernetes->writes_events) {
        uses.push_back(kubernetes::Use::events);
    }
    if (config.kubernetes->writes_incidents) {
        uses.push_back(kubernetes::Use::incidents);
    }
    if (may_act(RemedyKind::rollback) || may_act(RemedyKind::pause_rollout)) {
        uses.push_back(kubernetes::Use::rollback);
    }
    if (!config.kubernetes->configs.empty()) {
        uses.push_back(kubernetes::Use::configs);
    }
    if (!config.kubernetes->configs.empty() && may_act(RemedyKind::rollback)) {
        uses.push_back(kubernetes::Use::revert);
    }
    if (config.kubernetes->replicas_max > 0 && may_act(RemedyKind::scale)) {
        uses.push_back(kubernetes::Use::scale);
    }
    if (config.kubernetes->memory_bytes_max > 0 && may_act(RemedyKind::resize)) {
        uses.push_back(kubernetes::Use::resize);
    }
    const bool replaces_for_configs =
        config.kubernetes->configs_restart && may_act(RemedyKind::rollback);
    if (may_act(RemedyKind::restart) || may_act(RemedyKind::rolling_restart) ||
        replaces_for_configs) {
        uses.push_back(kubernetes::Use::restart);
    }
    if (may_make_jobs(config)) {
        uses.push_back(kubernetes::Use::jobs);
    }
    return uses;
}

std::vector<kubernetes::Use> watching_uses_of(const Config& config) {
    using enum kubernetes::Use;
    std::vector<kubernetes::Use> uses = kubernetes_uses_of(config);
    std::erase_if(uses, [](kubernetes::Use use) {
        return use != watching && use != obstacles && use != service && use != configs;
    });
    return uses;
}

Result<std::unique_ptr<ClusterFinder>> ClusterFinder::make(const KubernetesConfig& config) {
    auto access = cluster_access_of(config);
    if (!access) {
        return std::unexpected(access.error());
    }
    std::unique_ptr<ClusterFinder> finder(new ClusterFinder(*std::move(access)));
    auto api = kubernetes::HttpApiClient::make(finder->context_.get_executor(), finder->access_);
    if (!api) {
        return fail(finder->access_.told_by, api.error());
    }
    finder->api_ = *std::move(api);
    return finder;
}

Result<KubernetesPlace> ClusterFinder::find(const Config& config, Instant deadline) {
    KubernetesPlace place{kubernetes_options_of(config), {}, false, 0, {}};
    ClusterAnswer asked;
    context_.restart();
    asio::co_spawn(context_, ask_cluster(*api_, clock_, place.options, deadline, asked),
                   asio::detached);
    context_.run();
    has_answered_ = asked.is_heard;
    if (!asked.deployment) {
        return fail("runtime.kubernetes.deployment",
                    with_mend(asked.deployment.error(), access_.told_by));
    }
    place.selector = asked.deployment->selector;
    place.is_paused = asked.deployment->is_paused;
    place.is_paused_by_us = kubernetes::pause_mark_of(*asked.deployment).has_value();
    place.memory =
        kubernetes::parse_pod_memory(asked.deployment->pod_template, config.kubernetes->container);
    place.pod_port = config.kubernetes->port != 0
                         ? config.kubernetes->port
                         : declared_port(*asked.deployment, config.kubernetes->container);
    const bool is_asked = config.http_signal || config.prometheus_signal;
    if (place.pod_port == 0 && is_asked) {
        return fail(Fault::invalid,
                    "runtime.kubernetes.port: the container declares none — write the port where "
                    "its pods answer");
    }
    if (config.kubernetes->service) {
        const Result<net::Endpoint> address =
            service_address_of(*config.kubernetes->service, asked.service);
        if (!address) {
            return fail("runtime.kubernetes.service", with_mend(address.error(), access_.told_by));
        }
        place.service_address = *address;
    }
    return place;
}

Result<KubernetesPlace> find_in_cluster(const Config& config, Instant deadline) {
    const auto finder = ClusterFinder::make(*config.kubernetes);
    return finder ? (*finder)->find(config, deadline) : std::unexpected(finder.error());
}

}  // namespace homeostat::app
