#include "homeostat/app/status_rows.hpp"

#include <algorithm>

namespace homeostat::app {

std::vector<InstanceStatus> instance_statuses(const Facts& facts) {
    std::vector<InstanceStatus> rows;
    for (const InstanceFacts& instance : facts.instances) {
        const RuntimeInstance& runtime = instance.runtime;
        rows.push_back({runtime.instance, runtime.is_alive, runtime.is_answering, instance.rotation,
                        runtime.version, runtime.config, runtime.identity.pid,
                        runtime.identity.pod});
    }
    return rows;
}

std::vector<CheckStatus> check_statuses(const Facts& facts, Instant now) {
    std::vector<CheckStatus> rows;
    for (const TaskFacts& task : facts.tasks) {
        const Duration age = std::max(Duration::zero(), now - task.checked_at);
        rows.push_back({task.of.task, task.is_well, to_seconds(age)});
    }
    return rows;
}

}  // namespace homeostat::app
