#include "homeostat/app/judge_settings.hpp"

#include "homeostat/record/redact.hpp"

#include <string>
#include <utility>

namespace homeostat::app {

heal::JudgeSettings judge_settings_of(const Config& config, Inventory inventory) {
    heal::JudgeSettings settings;
    settings.inventory = std::move(inventory);
    for (const std::string& note : config.notes) {  // A model reads them before any record does.
        settings.notes.push_back(record::redact(note));
    }
    settings.glosses = config.glosses;
    const double errors_ratio = 1 - config.availability_goal;
    settings.detect.errors.ratio_min = errors_ratio;
    settings.diagnose.error_ratio_min = errors_ratio;
    settings.detect.slow.goal_ms = to_seconds(config.latency_p99_goal) * 1'000;
    return settings;
}

}  // namespace homeostat::app
