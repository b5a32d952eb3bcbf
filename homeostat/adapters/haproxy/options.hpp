#pragma once

// Options of the HAProxy adapter, from the configuration.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/net/endpoint.hpp"

#include <string>
#include <vector>

namespace homeostat::adapters::haproxy {

/// What HAProxy calls one of our instances.
struct ServerName {
    InstanceId instance;
    std::string server;
};

struct NeighbourBackend {
    ServiceId service;
    std::string backend;
    std::string circuit{};  ///< The stick table of its circuit; empty: none is declared.
    std::string dimmer{};   ///< The stick table of its dimmer; empty: none is declared.
};

/// A cache whose readers the edge sends to the source while TABLE has an entry with the cache's
/// name.
struct CacheRoute {
    CacheId cache;
    std::string source;  ///< The backend of the source.
    std::string table;
};

struct Options {
    net::Endpoint socket;  ///< HAProxy's runtime socket, level admin.
    ServiceId service;
    std::string backend;
    std::vector<ServerName> servers;
    std::vector<NeighbourBackend> neighbours{};
    std::vector<CacheRoute> routes{};
    /// Four a second: 503s on 2 % of 200 requests a second are to be noticed within 3 s, and a
    /// whole reading costs HAProxy well under a millisecond.
    Duration interval{std::chrono::milliseconds{250}};
};

constexpr std::size_t neighbours_max = 32;  ///< All are asked about in one command line.

/// Refuses names that could mean more than a name on HAProxy's command line, and names given twice.
/// ERRORS: invalid, with the name.
[[nodiscard]] Result<void> check(const Options& options);

}  // namespace homeostat::adapters::haproxy
