#pragma once

// The keys that declare the edge, and the services that are called through it.
//
// Pure. Values only.

#include "homeostat/app/config.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_mesh_keys.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/app/config_world_keys.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// "p0", or "p{index}" for all of them at once.
struct ServerValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

struct HaproxySection {
    std::filesystem::path socket;
    std::string backend;
    std::vector<std::string> servers;
    static void keys(auto& self, auto&& key) {
        key(Key{"socket", "HAProxy's runtime socket, level admin", Need::required}, PathValue{},
            self.socket);
        key(Key{"backend", "The backend that has the instances", Need::required}, NameValue{},
            self.backend);
        key(Key{"servers", "HAProxy's name of each instance in order, or p{index}", Need::required},
            ListOf<ServerValue>{ServerValue{}, instances_max, true}, self.servers);
    }
};

struct EnvoySection {
    std::string admin;
    std::string cluster;
    std::vector<std::string> endpoints;
    std::filesystem::path directory;
    static void keys(auto& self, auto&& key) {
        key(Key{"admin", "Envoy's admin, on this machine only", Need::required}, PeerValue{},
            self.admin);
        key(Key{"cluster", "The EDS cluster that has the instances", Need::required}, NameValue{},
            self.cluster);
        key(Key{"endpoints", "The hostname of each instance's endpoint in order, or p{index}",
                Need::required},
            ListOf<ServerValue>{ServerValue{}, instances_max, true}, self.endpoints);
        key(Key{"directory", "Of CLUSTER.json and runtime.json, which Envoy reads", Need::required},
            PathValue{}, self.directory);
    }
};

struct EdgeSection {
    std::optional<HaproxySection> haproxy;
    std::optional<EnvoySection> envoy;
    static void keys(auto& self, auto&& key) {
        key(Key{"haproxy", "A running HAProxy"}, SectionKind{}, self.haproxy);
        key(Key{"envoy", "Or a running Envoy, see docs/envoy.md"}, SectionKind{}, self.envoy);
    }
};

struct NeighbourSection {
    NeighbourConfig config;
    std::optional<PeerSection> agent;
    std::vector<ReducedModeSection> reduced_modes;
    static void keys(auto& self, auto&& key) {
        key(Key{"service", "A service that this one calls", Need::required}, IdValue<ServiceTag>{},
            self.config.service);
        key(Key{"backend", "HAProxy's backend for it, or Envoy's cluster", Need::required},
            NameValue{}, self.config.backend);
        key(Key{"circuit",
                "HAProxy's stick table; while it has an entry with the backend's name, "
                "a fallback answers. Or Envoy's runtime key, as in homeostat.circuit.fraud"},
            NameValue{}, self.config.circuit);
        key(Key{"dimmer",
                "HAProxy's stick table; its entry with the backend's name says how many of a "
                "thousand calls a fallback answers. Or Envoy's runtime key"},
            NameValue{}, self.config.dimmer);
        key(Key{"agent", "Its agent, to agree with on reduced modes"}, SectionKind{}, self.agent);
        key(Key{"reduced_modes", "What can be agreed on, mildest first"}, SectionsKind{4},
            self.reduced_modes);
        key(Key{"floor", "Critical calls to it a second: so many always pass"}, rate_value,
            self.config.floor_rps);
    }
};

}  // namespace homeostat::app
