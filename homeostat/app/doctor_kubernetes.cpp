#include "homeostat/app/doctor_kubernetes.hpp"

#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/adapters/kubernetes/permissions.hpp"
#include "homeostat/app/kubernetes_place.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <chrono>
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

Check check_place(const Config& config) {
    const auto place = find_in_cluster(config, os::read_boot_clock() + answer_within);
    if (!place) {
        return ill("deployment", place.error().text,
                   "correct the key, or what it names in the cluster");
    }
    std::string says =
        fmt::format("{}/{} is there", place->options.name_space, place->options.deployment);
    if (place->service_address) {
        fmt::format_to(std::back_inserter(says), ", behind the Service at {}",
                       net::to_text(*place->service_address));
    }
    return well("deployment", std::move(says));
}

}  // namespace

std::vector<Check> check_cluster(const Config& config) {
    const auto access = cluster_access_of(*config.kubernetes);
    if (!access) {
        return {ill("cluster", access.error().text, "correct runtime.kubernetes.kubeconfig")};
    }
    std::vector<Check> checks{
        well("cluster", fmt::format("{}:{}, by {}", access->host, access->port, access->told_by))};
    checks.push_back(check_place(config));
    checks.push_back(check_permissions(config, *access));
    return checks;
}

}  // namespace homeostat::app
