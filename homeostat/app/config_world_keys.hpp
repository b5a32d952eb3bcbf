#pragma once

// The keys that say what there is: the instances, how they are looked at, and what is around them.
//
// Pure. Values only.

#include "homeostat/app/config.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_kubernetes_keys.hpp"
#include "homeostat/app/config_values.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::app {

/// More belong to a scheduler than to one process of one machine.
constexpr std::uint32_t instances_max = 64;
using PortValue = CountValue<std::uint16_t>;
constexpr PortValue port_value{.min = 1, .max = 65535};

struct VersionsSection {
    std::filesystem::path root;
    static void keys(auto& self, auto&& key) {
        key(Key{"root", "Directory with versions/NAME for each version and a link 'current'",
                Need::required},
            PathValue{}, self.root);
    }
};

struct ProcessSection {
    std::vector<std::string> command;
    std::filesystem::path directory;
    std::optional<std::uint32_t> instances;
    std::uint32_t spares{0};
    std::vector<std::uint16_t> ports;
    std::optional<std::uint16_t> first_port;
    std::optional<VersionsSection> versions;
    std::optional<VersionsSection> config;
    std::filesystem::path run;
    Duration stop_grace = ProcessConfig{}.stop_grace;
    static void keys(auto& self, auto&& key) {
        key(Key{"command",
                "Program and arguments; {port}, {name}, {version_dir} and {config_dir} are "
                "replaced",
                Need::required},
            ListOf<TextValue>{TextValue{.bytes_max = 4096}, 128}, self.command);
        key(Key{"directory", "Where the program starts; with versions it is the version's own"},
            PathValue{}, self.directory);
        key(Key{"instances", "How many there are, spares included"},
            CountValue<std::uint32_t>{.min = 1, .max = instances_max}, self.instances);
        key(Key{"spares", "The last so many of these run only while `scale` needs them"},
            CountValue<std::uint32_t>{.max = instances_max - 1}, self.spares);
        key(Key{"ports", "The port of each instance, in order"},
            ListOf<PortValue>{port_value, instances_max}, self.ports);
        key(Key{"first_port", "Instead of ports: instance 0 has this one, instance 1 the next"},
            port_value, self.first_port);
        key(Key{"versions", "Deploys that can be rolled back"}, SectionKind{}, self.versions);
        key(Key{"config", "Configurations of the service that can be rolled back"}, SectionKind{},
            self.config);
        key(Key{"run", "Directory for records and logs; var/SERVICE/run without it"}, PathValue{},
            self.run);
        key(Key{"stop_grace", "From SIGTERM to SIGKILL"},
            DurationValue{std::chrono::milliseconds{100}, std::chrono::minutes{5}},
            self.stop_grace);
    }
};

/// One of both.
struct RuntimeSection {
    std::optional<ProcessSection> process;
    std::optional<KubernetesSection> kubernetes;
    static void keys(auto& self, auto&& key) {
        key(Key{"process", "Instances as processes of this machine"}, SectionKind{}, self.process);
        key(Key{"kubernetes", "Pods of a Deployment, docs/kubernetes.md"}, SectionKind{},
            self.kubernetes);
    }

    /// Without instances where there are none on this machine.
    [[nodiscard]] const ProcessSection& here() const {
        static const ProcessSection none;
        return process ? *process : none;
    }
};

constexpr DurationValue interval_value{std::chrono::milliseconds{50}, std::chrono::minutes{10}};
constexpr DurationValue timeout_value{std::chrono::milliseconds{1}, std::chrono::minutes{1}};

struct HttpSignalSection {
    HttpSignalConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"path", "Asked of every instance; 2xx counts as well"}, UrlPathValue{},
            self.config.path);
        key(Key{"every", "From one request to the next"}, interval_value, self.config.every);
        key(Key{"timeout", "After this an instance has not answered"}, timeout_value,
            self.config.timeout);
    }
};

struct PrometheusSignalSection {
    PrometheusSignalConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"path", "Where every instance has its metrics"}, UrlPathValue{}, self.config.path);
        key(Key{"every", "From one request to the next"}, interval_value, self.config.every);
    }
};

enum class LogSource : std::uint8_t { standard_output };
constexpr auto names_of(std::type_identity<LogSource>) {
    return std::to_array<std::string_view>({"stdout"});
}

struct LogsSection {
    LogSource from{LogSource::standard_output};
    static void keys(auto& self, auto&& key) {
        key(Key{"from", "The output that the instances write", Need::required},
            EnumValue<LogSource>{}, self.from);
    }
};

struct SignalsSection {
    std::optional<HttpSignalSection> http;
    std::optional<PrometheusSignalSection> prometheus;
    std::optional<LogsSection> logs;
    static void keys(auto& self, auto&& key) {
        key(Key{"http", "A request to each instance"}, SectionKind{}, self.http);
        key(Key{"prometheus", "Metrics of each instance"}, SectionKind{}, self.prometheus);
        key(Key{"logs", "Log lines, kept as templates only"}, SectionKind{}, self.logs);
    }
};

struct JourneySection {
    JourneyConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"url", "What a user asks, through the edge; must be safe to ask again",
                Need::required},
            UrlValue{}, self.config.url);
        key(Key{"every",
                "From one request to the next, while a remedy is proven: by twenty of them"},
            DurationValue{std::chrono::milliseconds{20}, std::chrono::milliseconds{500}},
            self.config.every);
        key(Key{"timeout", "After this it has failed"}, timeout_value, self.config.timeout);
    }
};

}  // namespace homeostat::app
