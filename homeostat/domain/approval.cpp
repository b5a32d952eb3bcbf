#include "homeostat/domain/approval.hpp"

#include <variant>

namespace homeostat {

Preconditions preconditions_of(const Remedy& remedy, const Facts& facts) {
    Preconditions preconditions;
    preconditions.version = facts.versions.deploy.current;
    preconditions.config = facts.versions.config.current;
    const InstanceId* named = instance_of(remedy);
    const bool is_about_all = std::holds_alternative<RollingRestart>(remedy);
    for (const InstanceFacts& instance : facts.instances) {
        const RuntimeInstance& runtime = instance.runtime;
        if (is_about_all || (named != nullptr && *named == runtime.instance)) {
            preconditions.processes.push_back(runtime.identity);
            preconditions.alive_count += runtime.is_alive ? 1 : 0;
        }
    }
    return preconditions;
}

}  // namespace homeostat
