#pragma once

// The configuration of EnvoyWorld's Envoy: every endpoint and every address is a UNIX socket in the
// test's directory. docs/envoy.md and examples/envoy have the same for people.
//
// For tests only.

#include "homeostat/base/json.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <fmt/format.h>

#include <fstream>
#include <string>
#include <string_view>

namespace homeostat::conformance {

constexpr std::string_view envoy_types = "type.googleapis.com/envoy.";

inline std::string envoy_socket(const std::string& path) {
    return fmt::format(R"({{"pipe":{{"path":"{}"}}}})", path);
}

inline std::string envoy_endpoint(const std::string& hostname, const std::string& path) {
    return fmt::format(R"({{"endpoint":{{"hostname":"{}","address":{}}}}})", hostname,
                       envoy_socket(path));
}

inline std::string envoy_file_source(const std::string& path) {
    return fmt::format(R"({{"resource_api_version":"V3","path_config_source":{{"path":"{}"}}}})",
                       path);
}

/// `members`: besides name and address, each with a comma in front.
inline std::string envoy_cluster(const std::string& name, const std::string& members) {
    return fmt::format(R"({{"name":"{}","connect_timeout":"0.2s","common_lb_config":)"
                       R"({{"healthy_panic_threshold":{{"value":0}}}}{}}})",
                       name, members);
}

inline std::string envoy_static(const std::string& name,
                                const std::string& hostname,
                                const std::string& path,
                                const std::string& members) {
    return envoy_cluster(name,
                         fmt::format(R"(,"type":"STATIC","load_assignment":{{"cluster_name":"{}",)"
                                     R"("endpoints":[{{"lb_endpoints":[{}]}}]}}{})",
                                     name, envoy_endpoint(hostname, path), members));
}

inline std::string envoy_listener(const std::string& name,
                                  const std::string& path,
                                  const std::string& routes) {
    return fmt::format(
        R"({{"name":"{0}","address":{1},"filter_chains":[{{"filters":[{{"name":)"
        R"("envoy.filters.network.http_connection_manager","typed_config":{{"@type":)"
        R"("{2}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",)"
        R"("stat_prefix":"{0}","route_config":{{"name":"{0}","validate_clusters":true,)"
        R"("virtual_hosts":[{{"name":"all","domains":["*"],"routes":[{3}]}}]}},"http_filters":)"
        R"([{{"name":"envoy.filters.http.router","typed_config":{{"@type":)"
        R"("{2}extensions.filters.http.router.v3.Router"}}}}]}}}}]}}]}})",
        name, envoy_socket(path), envoy_types, routes);
}

/// A route for as long as the runtime has the key, for the share that it has; `action`: what it
/// does then.
inline std::string envoy_switched_route(const std::string& key, const std::string& action) {
    return fmt::format(R"({{"match":{{"prefix":"/","runtime_fraction":{{"default_value":)"
                       R"({{"numerator":0}},"runtime_key":"{}"}}}},{}}})",
                       key, action);
}

inline std::string envoy_route(const std::string& cluster, const std::string& members = "") {
    return fmt::format(R"({{"match":{{"prefix":"/"}},"route":{{"cluster":"{}"{}}}}})", cluster,
                       members);
}

inline std::string envoy_checks(bool has_checks) {
    return has_checks ? R"(,"health_checks":[{"timeout":"0.2s","interval":"0.05s",)"
                        R"("no_traffic_interval":"0.05s","unhealthy_threshold":2,)"
                        R"("healthy_threshold":1,"http_health_check":{"path":"/healthz"}}])"
                      : "";
}

inline std::string envoy_clusters(const net::TemporaryDirectory& directory, bool has_checks) {
    const std::string checks = envoy_checks(has_checks);
    const std::string eds =
        fmt::format(R"(,"type":"EDS","eds_cluster_config":{{"eds_config":{}}},"circuit_breakers":)"
                    R"({{"thresholds":[{{"max_connections":40,"max_pending_requests":40}}]}}{})",
                    envoy_file_source(directory.file("payments.json")), checks);
    return envoy_cluster("payments", eds) + "," +
           envoy_static("fraud", "f0", directory.file("p0.sock"), checks) + "," +
           envoy_static("quotes", "q0", directory.file("p0.sock"), "") + "," +
           envoy_static("source", "s0", directory.file("p1.sock"), checks);
}

inline std::string envoy_listeners(const net::TemporaryDirectory& directory) {
    const std::string own = envoy_route(
        "payments",
        R"(,"timeout":"0.8s","retry_policy":{"retry_on":"connect-failure","num_retries":1,)"
        R"("retry_host_predicate":[{"name":"envoy.retry_host_predicates.previous_hosts",)"
        R"("typed_config":{"@type":"type.googleapis.com/)"
        R"(envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"}}]})");
    const std::string fallback =
        R"("direct_response":{"status":200,"body":{"inline_string":"fallback"}})";
    const std::string fraud = envoy_switched_route("homeostat.circuit.fraud", fallback) + "," +
                              envoy_switched_route("homeostat.dimmer.fraud", fallback) + "," +
                              envoy_route("fraud");
    const std::string quotes =
        envoy_switched_route("homeostat.route.quotes", R"("route":{"cluster":"source"})") + "," +
        envoy_route("quotes");
    return envoy_listener("edge", directory.file("edge.sock"), own) + "," +
           envoy_listener("fraud_in", directory.file("fraud.sock"), fraud) + "," +
           envoy_listener("quotes_in", directory.file("quotes.sock"), quotes);
}

inline void write_text(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
}

/// The endpoints and the overrides as they are at the start.
inline void write_envoy_files(const net::TemporaryDirectory& directory) {
    write_text(directory.file("payments.json"),
               fmt::format(R"({{"version_info":"start","resources":[{{"@type":)"
                           R"("{}config.endpoint.v3.ClusterLoadAssignment","cluster_name":)"
                           R"("payments","endpoints":[{{"lb_endpoints":[{},{}]}}]}}]}})",
                           envoy_types, envoy_endpoint("p0", directory.file("p0.sock")),
                           envoy_endpoint("p1", directory.file("p1.sock"))));
    write_text(directory.file("runtime.json"),
               fmt::format(R"({{"version_info":"start","resources":[{{"@type":)"
                           R"("{}service.runtime.v3.Runtime","name":"homeostat","layer":{{}}}}]}})",
                           envoy_types));
}

inline void write_envoy_config(const net::TemporaryDirectory& directory, bool has_checks) {
    write_envoy_files(directory);
    write_text(
        directory.file("envoy.json"),
        fmt::format(R"({{"node":{{"id":"test","cluster":"test"}},"admin":{{"address":{}}},)"
                    R"("stats_flush_on_admin":true,"layered_runtime":{{"layers":[{{"name":)"
                    R"("homeostat","rtds_layer":{{"name":"homeostat","rtds_config":{}}}}}]}},)"
                    R"("static_resources":{{"clusters":[{}],"listeners":[{}]}}}})",
                    envoy_socket(directory.file("admin.sock")),
                    envoy_file_source(directory.file("runtime.json")),
                    envoy_clusters(directory, has_checks), envoy_listeners(directory)));
}

}  // namespace homeostat::conformance
