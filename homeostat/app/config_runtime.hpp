#pragma once

// What runs the instances of the guarded service: this machine, or a cluster.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// `runtime: {process: …}`: instances as plain processes of this machine.
struct ProcessConfig {
    std::vector<std::string> command;              ///< argv; {port}, {name} … are replaced.
    std::filesystem::path directory;               ///< Working directory without versions.
    std::vector<std::uint16_t> ports;              ///< One per instance, spares included.
    std::uint32_t spares{0};                       ///< The last so many run only when `scale` asks.
    std::filesystem::path versions_root;           ///< Empty: no versions, nothing to roll back.
    std::filesystem::path config_root;             ///< The same of the service's own configuration.
    Duration stop_grace{std::chrono::seconds{5}};  ///< From SIGTERM to SIGKILL.
};

/// `flags: {flagd: …}`: feature flags that a flagd reads from a file of this machine.
struct FlagdConfig {
    std::filesystem::path file;
    std::string url;  ///< Of its OFREP; empty: nobody is asked whether it took what is written.
};

/// The Service in front of the pods, asked as users do.
struct KubernetesServiceConfig {
    std::string name;
    std::uint16_t port{0};
    std::string path{"/"};
    Duration every{std::chrono::milliseconds{100}};
    Duration timeout{std::chrono::milliseconds{500}};
};

/// `runtime: {kubernetes: …}`: the pods of one Deployment.
struct KubernetesConfig {
    std::string name_space;
    std::string deployment;
    std::string container;          ///< Empty: the first of its pods.
    std::uint16_t port{0};          ///< Of the pods. 0: the first that the container declares.
    std::uint32_t slots{16};        ///< Pods told apart, those of a rollout included.
    std::uint32_t replicas_max{0};  ///< `scale` goes no further. 0: the Deployment is not scaled.
    std::uint64_t memory_bytes_max{0};  ///< `resize` goes no further. 0: nobody is resized.
    std::vector<std::string> configs;   ///< ConfigMaps whose contents are its configuration.
    bool configs_restart{false};        ///< Pods read them only when they start.
    std::optional<KubernetesServiceConfig> service;
    std::string lease;                 ///< Whoever of several agents holds it acts; empty: none.
    bool writes_events{false};         ///< On the Deployment, of incidents.
    bool writes_incidents{false};      ///< An object of our own kind for each of them.
    std::uint32_t incidents_kept{32};  ///< So many of these: a week of a bad month.
    std::string switch_object;         ///< The ConfigMap by which people suspend us; empty: none.
    std::filesystem::path kubeconfig;  ///< Empty: we are in the cluster.
    std::string context;               ///< Empty: the current one.
};

}  // namespace homeostat::app
