#pragma once

// What the tests of the executor have in common: how a machine is when they begin, and what must be
// true of it at the end.

#include "homeostat/graph/stored_commit.hpp"
#include "homeostat/heal/executor_process_for_test.hpp"

#include <algorithm>
#include <chrono>
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

/// Submits the rollback and lets the process live until the ledger holds `groups_count` groups.
inline void live_until(SimulatedMachine& machine, std::size_t groups_count, Duration afterwards) {
    SimulatedProcess process(machine);
    ensure(process.start().has_value(), "a process in a test starts");
    process.clock.run_for(std::chrono::seconds{3});
    ensure(process.submit(rollback_of(machine)).has_value(), "the rollback is taken");
    process.clock.run_until([&] { return machine.disk.groups.size() >= groups_count; },
                            std::chrono::minutes{1});
    process.clock.run_for(afterwards);
}

[[nodiscard]] inline Entry& checkpoint_last(SimulatedMachine& machine) {
    return machine.disk.groups.back().entries.back();
}

/// What the latest commit says of its graph is no longer so.
inline void be_of_another_graph(SimulatedMachine& machine) {
    Result<graph::Commit> commit = graph::from_stored(checkpoint_last(machine).body);
    ensure(commit.has_value(), "the latest entry is a commit");
    commit->graph_digest += 1;
    commit->hash = graph::content_hash_of(*commit);
    checkpoint_last(machine).body = graph::to_stored(*commit);
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
