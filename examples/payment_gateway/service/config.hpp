#pragma once

// ServiceConfig: what an instance reads from `service.json` in its working directory, which is the
// directory of its version. What differs between instances of one version (port, name) is an
// argument.
//
// What the operators decide (the pool's size and such) may stand apart from it, in
// `operations.json` of the directory that `--config` names, and then has versions of its own.

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

namespace payment_gateway {

/// Loopback ports of the proxy, behind which a service finds its dependencies. 0: not used.
struct EdgePorts {
    std::uint16_t fraud{};
    std::uint16_t rates{};
    std::uint16_t redis{};
    /// Nodes of a Redis cluster, in place of `redis`. Past the proxy: which node keeps a key is for
    /// the cluster to say and for whoever reads to follow.
    std::vector<std::uint16_t> redis_cluster;
};

struct ServiceConfig {
    std::string service;
    std::string version;
    std::string faults_socket;  ///< Empty: nobody can switch faults on.
    EdgePorts edge;
    std::uint32_t workers{};                        ///< Requests worked on at the same time.
    std::uint32_t queue_max{64};                    ///< Waiting for a worker; more are refused.
    std::chrono::milliseconds own_wait{};           ///< What a request waits inside the service.
    std::chrono::milliseconds queue_wait_max{300};  ///< Longer in the queue is refused.
    std::chrono::milliseconds dependency_deadline{200};  ///< Per try; there are two tries.
    std::chrono::seconds cache_for{5};                   ///< Life of a rate in the cache.
    std::uint32_t log_every{20};  ///< One INFO line for so many good requests; failures all appear.
};

/// Reads the files strictly: an unknown key, a missing one or an impossible value is an error in
/// words. `operations` may be empty: there is no such file. What stands in both counts as it stands
/// there.
std::expected<ServiceConfig, std::string> read_service_config(
    const std::filesystem::path& file, const std::filesystem::path& operations = {});

}  // namespace payment_gateway
