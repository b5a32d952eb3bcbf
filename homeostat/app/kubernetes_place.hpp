#pragma once

// What of a cluster is guarded, and how we reach it: the configuration's words, completed by what
// the cluster itself says of them.

#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/adapters/kubernetes/kubeconfig.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/adapters/kubernetes/permissions.hpp"
#include "homeostat/adapters/kubernetes/pod_memory.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

/// How the API server is reached. ERRORS: with the key: the kubeconfig, or that we are in no
/// cluster.
[[nodiscard]] Result<adapters::kubernetes::ClusterAccess> cluster_access_of(
    const KubernetesConfig& config);

/// Without `answers`. REQUIRES: config.kubernetes.
[[nodiscard]] adapters::kubernetes::Options kubernetes_options_of(const Config& config);

/// What the configuration wants done some day: to recommend needs no right. REQUIRES:
/// config.kubernetes.
[[nodiscard]] std::vector<adapters::kubernetes::Use> kubernetes_uses_of(const Config& config);

/// Of these only what a process does that watches and cannot act.
[[nodiscard]] std::vector<adapters::kubernetes::Use> watching_uses_of(const Config& config);

struct KubernetesPlace {
    adapters::kubernetes::Options options;
    std::string selector;                          ///< Of the Deployment's pods, for queries.
    bool is_paused{false};                         ///< The Deployment.
    std::uint16_t pod_port{0};                     ///< 0: nothing of pods is asked.
    std::optional<net::Endpoint> service_address;  ///< Absent: no Service is named.
    /// As the pods' template has it; absent: the container has no limit of memory.
    std::optional<adapters::kubernetes::PodMemory> memory{};
    bool is_paused_by_us{false};  ///< As of RolloutFacts.
};

/// Asks a cluster about services, one after another, on a strand of its own and over a connection
/// that is kept in between.
class ClusterFinder {
  public:
    /// ERRORS: as of cluster_access_of; of the credentials.
    [[nodiscard]] static Result<std::unique_ptr<ClusterFinder>> make(
        const KubernetesConfig& config);

    /// REQUIRES: config.kubernetes, in this cluster; no task of this thread waits for us.
    /// ERRORS: with the key of what is wrong, or of the server.
    [[nodiscard]] Result<KubernetesPlace> find(const Config& config, Instant deadline);

    /// Whether the server was there when it was asked last, whatever it said.
    [[nodiscard]] bool has_answered() const { return has_answered_; }

    [[nodiscard]] const adapters::kubernetes::ClusterAccess& access() const { return access_; }

  private:
    explicit ClusterFinder(adapters::kubernetes::ClusterAccess access)
        : access_(std::move(access)) {}

    boost::asio::io_context context_{1};
    adapters::system::SystemClock clock_{context_.get_executor()};
    adapters::kubernetes::ClusterAccess access_;
    std::unique_ptr<adapters::kubernetes::HttpApiClient> api_;
    bool has_answered_{false};
};

/// Of a single one. REQUIRES, ERRORS: as of ClusterFinder.
[[nodiscard]] Result<KubernetesPlace> find_in_cluster(const Config& config, Instant deadline);

}  // namespace homeostat::app
