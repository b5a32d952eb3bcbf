#include "homeostat/heal/executor_scenes_for_test.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/graph/stored_commit.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace homeostat::heal {

SimulatedMachine bad_deploy() {
    SimulatedMachine machine;
    machine.world.versions_bad = {VersionId("v2")};
    machine.prove("v1");
    return machine;
}

Proposal rollback_of(const SimulatedMachine& machine) {
    return proposal_for_test(errors_for_test(machine.world.now), rollback_for_test());
}

Proposal reflex_of(const SimulatedMachine& machine, const std::string& instance) {
    return proposal_for_test(
        about_instance_for_test(SymptomKind::instance_down, instance, machine.world.now),
        restart_for_test(instance));
}

void live_until(SimulatedMachine& machine, std::size_t groups_count, Duration afterwards) {
    SimulatedProcess process(machine);
    ensure(process.start().has_value(), "a process in a test starts");
    process.clock.run_for(std::chrono::seconds{3});
    ensure(process.submit(rollback_of(machine)).has_value(), "the rollback is taken");
    process.clock.run_until([&] { return machine.disk.groups.size() >= groups_count; },
                            std::chrono::minutes{1});
    process.clock.run_for(afterwards);
}

Entry& checkpoint_last(SimulatedMachine& machine) {
    return machine.disk.groups.back().entries.back();
}

void be_of_another_graph(SimulatedMachine& machine) {
    Result<graph::Commit> commit = graph::from_stored(checkpoint_last(machine).body);
    ensure(commit.has_value(), "the latest entry is a commit");
    commit->graph_digest += 1;
    commit->hash = graph::content_hash_of(*commit);
    checkpoint_last(machine).body = graph::to_stored(*commit);
}

bool all_run(const SimulatedWorld& world, const std::string& version) {
    return world.serving_count() == world.instances.size() &&
           std::ranges::all_of(world.instances, [&](const SimulatedInstance& one) {
               return one.runtime.version.text() == version;
           });
}

bool is_one_effect_per_intent(const SimulatedMachine& machine) {
    return std::ranges::all_of(machine.world.changes_count, [&](const auto& change) {
        const std::string begin = "intent " + change.first.text() + " ";
        const std::vector<std::string> story = machine.story();
        const auto intents = std::ranges::count_if(
            story, [&](const std::string& line) { return line.starts_with(begin); });
        return change.second <= 1 && intents == 1;
    });
}

std::ptrdiff_t starts_count_of(const SimulatedMachine& machine, const std::string& instance) {
    return std::ranges::count_if(machine.story(), [&](const std::string& line) {
        return line.contains(" replace " + instance + " ");
    });
}

}  // namespace homeostat::heal
