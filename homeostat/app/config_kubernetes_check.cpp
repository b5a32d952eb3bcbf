#include "homeostat/app/config_kubernetes_check.hpp"

#include <array>
#include <string>
#include <string_view>

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
    Refusal{"autonomy.scale", "a Deployment is not scaled — leave this out"},
};

}  // namespace

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
    if (has_process) {
        return;
    }
    for (const Refusal& refusal : not_for_pods) {
        if (reading.has(refusal.path)) {
            reading.tell_at(refusal.path, refusal.because);
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
