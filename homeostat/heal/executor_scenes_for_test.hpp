#pragma once

// What the tests of the executor have in common: how a machine is when they begin, and what must be
// true of it at the end.

#include "homeostat/heal/executor_process_for_test.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace homeostat::heal {

/// v2 is current and answers errors, v1 has proven itself.
[[nodiscard]] inline SimulatedMachine bad_deploy() {
    SimulatedMachine machine;
    machine.world.versions_bad = {VersionId("v2")};
    machine.prove("v1");
    return machine;
}

[[nodiscard]] inline Proposal rollback_of(const SimulatedMachine& machine) {
    return proposal_for_test(errors_for_test(machine.world.now), rollback_for_test());
}

[[nodiscard]] inline Proposal reflex_of(const SimulatedMachine& machine,
                                        const std::string& instance) {
    return proposal_for_test(
        about_instance_for_test(SymptomKind::instance_down, instance, machine.world.now),
        restart_for_test(instance));
}

[[nodiscard]] inline bool all_run(const SimulatedWorld& world, const std::string& version) {
    return world.serving_count() == world.instances.size() &&
           std::ranges::all_of(world.instances, [&](const SimulatedInstance& one) {
               return one.runtime.version.text() == version;
           });
}

[[nodiscard]] inline bool is_one_effect_per_intent(const SimulatedMachine& machine) {
    return std::ranges::all_of(machine.world.changes_count, [&](const auto& change) {
        const std::string begin = "intent " + change.first.text() + " ";
        const std::vector<std::string> story = machine.story();
        const auto intents = std::ranges::count_if(
            story, [&](const std::string& line) { return line.starts_with(begin); });
        return change.second <= 1 && intents == 1;
    });
}

[[nodiscard]] inline std::ptrdiff_t starts_count_of(const SimulatedMachine& machine,
                                                    const std::string& instance) {
    return std::ranges::count_if(machine.story(), [&](const std::string& line) {
        return line.contains(" replace " + instance + " ");
    });
}

}  // namespace homeostat::heal
