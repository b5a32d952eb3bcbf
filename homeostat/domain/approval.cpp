#include "homeostat/domain/approval.hpp"

namespace homeostat {

Preconditions preconditions_of(const Remedy& remedy, const Facts& facts) {
    Preconditions preconditions;
    preconditions.version = facts.versions.deploy.current;
    preconditions.config = facts.versions.config.current;
    if (const InstanceId* named = instance_of(remedy)) {
        const InstanceFacts* instance = find_instance(facts, *named);
        const bool runs = instance != nullptr && instance->runtime.is_alive;
        preconditions.process = runs ? instance->runtime.identity : ProcessIdentity{};
    }
    return preconditions;
}

}  // namespace homeostat
