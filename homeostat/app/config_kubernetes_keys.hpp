#pragma once

// The keys that say which Deployment of a cluster is guarded.
//
// Pure. Values only.

#include "homeostat/app/config.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_memory_value.hpp"
#include "homeostat/app/config_values.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace homeostat::app {

/// Of a group: more would be more probes than one agent should send.
constexpr std::uint32_t slots_max = 64;

/// More are of more than one service.
constexpr std::size_t configs_max = 8;

/// More of one Deployment than anybody reads; the ledger has all of them.
constexpr std::uint32_t incident_objects_max = 256;

struct KubernetesServiceSection {
    KubernetesServiceConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"name", "Of the Service in front of the pods", Need::required}, NameValue{},
            self.config.name);
        key(Key{"port", "Its port", Need::required},
            CountValue<std::uint16_t>{.min = 1, .max = 65535}, self.config.port);
        key(Key{"path", "Asked of it as a user would; must be safe to ask again"}, UrlPathValue{},
            self.config.path);
        key(Key{"every", "From one request to the next"},
            DurationValue{std::chrono::milliseconds{20}, std::chrono::seconds{1}},
            self.config.every);
        key(Key{"timeout", "After this a request has failed"},
            DurationValue{std::chrono::milliseconds{1}, std::chrono::minutes{1}},
            self.config.timeout);
    }
};

/// How far a pod may be resized. Of CPU nobody says first-hand that it was too little.
struct ResizeMaxSection {
    std::uint64_t memory_bytes{0};
    static void keys(auto& self, auto&& key) {
        key(Key{"memory", "Of one pod's container at most, as 512Mi", Need::required},
            MemoryValue{}, self.memory_bytes);
    }
};

struct KubernetesSection {
    KubernetesConfig config;
    std::optional<KubernetesServiceSection> service;
    std::optional<ResizeMaxSection> resize_max;
    std::filesystem::path run;
    static void keys(auto& self, auto&& key) {
        key(Key{"namespace", "Of the Deployment", Need::required}, NameValue{},
            self.config.name_space);
        key(Key{"deployment", "Whose pods are guarded", Need::required}, NameValue{},
            self.config.deployment);
        key(Key{"container", "Which one of its pods; the first without it"}, NameValue{},
            self.config.container);
        key(Key{"port", "Where the pods answer what signals ask; the container's first without it"},
            CountValue<std::uint16_t>{.min = 1, .max = 65535}, self.config.port);
        key(Key{"service", "The Service in front of them: seen through it, more is known"},
            SectionKind{}, self.service);
        key(Key{"slots", "Pods that are told apart at most, those of a rollout included"},
            CountValue<std::uint32_t>{.min = 1, .max = slots_max}, self.config.slots);
        key(Key{"replicas_max",
                "`scale` goes no further; without it the number of replicas is not touched"},
            CountValue<std::uint32_t>{.min = 2, .max = slots_max}, self.config.replicas_max);
        key(Key{"resize_max",
                "`resize` goes no further; without it no pod's resources are touched"},
            SectionKind{}, self.resize_max);
        key(Key{"configs", "ConfigMaps whose contents are what the pods are configured by"},
            ListOf<NameValue>{{}, configs_max}, self.config.configs);
        key(Key{"configs_restart", "Pods read them only when they start, and are replaced for it"},
            FlagValue{}, self.config.configs_restart);
        key(Key{"switch", "Nothing is done while a ConfigMap of this name is in the namespace"},
            NameValue{}, self.config.switch_object);
        key(Key{"lease", "A Lease of the namespace: of several agents whoever holds it acts"},
            NameValue{}, self.config.lease);
        key(Key{"events", "Tell of incidents by Events on the Deployment"}, FlagValue{},
            self.config.writes_events);
        key(Key{"incidents", "Write an Incident object of each; needs its CRD"}, FlagValue{},
            self.config.writes_incidents);
        key(Key{"incidents_kept", "So many of these objects; older ones of ours are deleted"},
            CountValue<std::uint32_t>{.min = 1, .max = incident_objects_max},
            self.config.incidents_kept);
        key(Key{"kubeconfig", "How to reach the cluster from outside; inside of it leave it out"},
            PathValue{}, self.config.kubeconfig);
        key(Key{"context", "Of the kubeconfig; its current one without it"},
            TextValue{.bytes_max = 253}, self.config.context);
        key(Key{"run", "Directory for the agent's own records; var/SERVICE/run without it"},
            PathValue{}, self.run);
    }
};

}  // namespace homeostat::app
