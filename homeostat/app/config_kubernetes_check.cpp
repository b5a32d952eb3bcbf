#include "homeostat/app/config_kubernetes_check.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

struct Refusal {
    std::string_view path;
    std::string_view because;
};

/// What is not done for pods. `logs`: of them nothing is read yet.
constexpr std::array not_for_pods{
    Refusal{"edge",
            "a proxy's servers cannot be told from pods, whose names change — leave edge out, and "
            "name the Service: runtime.kubernetes.service"},
    Refusal{"journey",
            "the Service is asked instead — leave this out, and name it: "
            "runtime.kubernetes.service: { name: …, port: … }"},
    Refusal{"signals.logs", "logs of pods are not read — leave this out"},
};

/// What is above `watch` and can never be done here.
void check_autonomy(const ConfigFile& file, ConfigReading& reading) {
    const bool has_process = reading.has("runtime.process");
    const AutonomySection& autonomy = file.autonomy;
    if (autonomy.resize != Autonomy::watch && !reading.has("runtime.kubernetes.resize_max")) {
        reading.tell_at(
            "autonomy.resize",
            has_process ? "nothing holds a process of this machine to a limit of memory — leave "
                          "this out"
                        : "how far a pod may be resized is not said — write "
                          "runtime.kubernetes.resize_max: { memory: 512Mi }, or leave this out");
    }
    if (autonomy.pause_rollout != Autonomy::watch && has_process) {
        reading.tell_at("autonomy.pause_rollout",
                        "a version comes to the processes of this machine at once: there is no "
                        "rollout to pause — leave this out");
    }
    if (autonomy.scale != Autonomy::watch && !has_process &&
        !reading.has("runtime.kubernetes.replicas_max")) {
        reading.tell_at("autonomy.scale",
                        "how far a Deployment may be scaled is not said — write "
                        "runtime.kubernetes.replicas_max, or leave this out");
    }
}

}  // namespace

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one key after another.
void check_runtime(const ConfigFile& file, ConfigReading& reading) {
    if (!reading.is_sound("runtime") || !reading.has("runtime")) {
        return;
    }
    const bool has_process = reading.has("runtime.process");
    if (has_process == reading.has("runtime.kubernetes")) {
        reading.tell_at("runtime", has_process ? "both process and kubernetes — keep one of both"
                                               : "neither process nor kubernetes — write one");
        return;
    }
    check_autonomy(file, reading);
    if (has_process) {
        return;
    }
    for (const Refusal& refusal : not_for_pods) {
        if (reading.has(refusal.path)) {
            reading.tell_at(refusal.path, refusal.because);
        }
    }
    if (reading.is_read("runtime.kubernetes") &&
        file.runtime.kubernetes->config.replicas_max > file.runtime.kubernetes->config.slots) {
        reading.tell_at("runtime.kubernetes.replicas_max",
                        "more than there are slots — raise runtime.kubernetes.slots, for a rollout "
                        "too, or lower this");
    }
    if (reading.has("runtime.kubernetes.configs_restart") &&
        !reading.has("runtime.kubernetes.configs")) {
        reading.tell_at("runtime.kubernetes.configs_restart",
                        "of which ConfigMaps is not said — write runtime.kubernetes.configs, or "
                        "leave this out");
    }
    if (reading.is_read("runtime.kubernetes")) {
        std::vector<std::string> configs = file.runtime.kubernetes->config.configs;
        std::ranges::sort(configs);
        if (std::ranges::adjacent_find(configs) != configs.end()) {
            reading.tell_at("runtime.kubernetes.configs", "one stands there twice");
        }
    }
    const bool is_probed = file.signals.http || file.signals.prometheus;
    if (reading.is_read("runtime.kubernetes") && !is_probed && !file.runtime.kubernetes->service) {
        reading.tell_at("runtime.kubernetes",
                        "nothing is asked whether it serves — add signals: [ { http: { path: "
                        "/healthz } } ], or service: { name: …, port: … }");
    }
}

}  // namespace homeostat::app
