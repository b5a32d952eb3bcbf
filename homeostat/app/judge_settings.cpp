#include "homeostat/app/judge_settings.hpp"

#include <utility>

namespace homeostat::app {

heal::JudgeSettings judge_settings_of(const Config& config, Inventory inventory) {
    heal::JudgeSettings settings;
    settings.inventory = std::move(inventory);
    settings.notes = config.notes;
    settings.glosses = config.glosses;
    const double errors_ratio = 1 - config.availability_goal;
    settings.detect.errors.ratio_min = errors_ratio;
    settings.diagnose.error_ratio_min = errors_ratio;
    settings.detect.slow.goal_ms = to_seconds(config.latency_p99_goal) * 1'000;
    return settings;
}

}  // namespace homeostat::app
