#pragma once

// Options of the Envoy adapter, from the configuration.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/net/endpoint.hpp"

#include <string>
#include <vector>

namespace homeostat::adapters::envoy {

/// What Envoy calls one of our instances: the `hostname` of its endpoint.
struct EndpointName {
    InstanceId instance;
    std::string hostname;
};

struct NeighbourCluster {
    ServiceId service;
    std::string cluster;
    std::string circuit{};  ///< The runtime key of its circuit; empty: none is declared.
    std::string dimmer{};   ///< The runtime key of its dimmer; empty: none is declared.
};

/// A cache whose readers the edge sends to the source while the runtime has KEY above zero.
struct CacheRoute {
    CacheId cache;
    std::string source;  ///< The cluster of the source.
    std::string key;
};

struct Options {
    net::Endpoint admin;  ///< Envoy's admin address: a UNIX socket or a loopback port.
    ServiceId service;
    std::string cluster;  ///< The EDS cluster that has the instances.
    std::vector<EndpointName> endpoints;
    std::string directory;  ///< Where CLUSTER.json and runtime.json lie.
    std::vector<NeighbourCluster> neighbours{};
    std::vector<CacheRoute> routes{};
    /// A circuit or a route that nobody turns back ends after this: longer than a remedy is held,
    /// and not by much.
    Duration override_lasts{std::chrono::seconds{150}};
    /// Four a second, as at HAProxy: a whole reading costs Envoy's main thread a millisecond or
    /// two, and its workers nothing.
    Duration interval{std::chrono::milliseconds{250}};
};

constexpr std::size_t neighbours_max = 32;  ///< All are asked about in one request.

/// Every runtime key of ours begins so: the watchdog touches no other.
constexpr std::string_view key_prefix = "homeostat.";

/// Refuses names that could mean more than a name in a filter or a file's name, names given twice,
/// keys that are not ours, and an admin address that others than this machine could reach.
/// ERRORS: invalid, with the name.
[[nodiscard]] Result<void> check(const Options& options);

/// The runtime keys that are declared: of circuits, then of routes; and of dimmers.
[[nodiscard]] std::vector<std::string> switch_keys(const Options& options);
[[nodiscard]] std::vector<std::string> dimmer_keys(const Options& options);

/// DIRECTORY/CLUSTER.json and DIRECTORY/runtime.json.
[[nodiscard]] std::string endpoints_path(const Options& options);
[[nodiscard]] std::string runtime_path(const std::string& directory);
/// DIRECTORY/homeostat.sources.json, and .ends.
[[nodiscard]] std::string sources_path(const std::string& directory);
[[nodiscard]] std::string ends_path(const std::string& directory);

}  // namespace homeostat::adapters::envoy
