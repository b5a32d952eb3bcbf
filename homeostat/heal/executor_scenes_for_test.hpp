#pragma once

// What the tests of the executor have in common: how a machine is when they begin, and what must be
// true of it at the end.

#include "homeostat/heal/executor_process_for_test.hpp"
#include "homeostat/heal/proposal_for_test.hpp"

#include <cstddef>
#include <string>

namespace homeostat::heal {

/// v2 is current and answers errors, v1 has proven itself.
[[nodiscard]] SimulatedMachine bad_deploy();

[[nodiscard]] Proposal rollback_of(const SimulatedMachine& machine);

[[nodiscard]] Proposal reflex_of(const SimulatedMachine& machine, const std::string& instance);

/// Submits the rollback and lets the process live until the ledger holds `groups_count` groups.
void live_until(SimulatedMachine& machine, std::size_t groups_count, Duration afterwards);

[[nodiscard]] Entry& checkpoint_last(SimulatedMachine& machine);

/// What the latest commit says of its graph is no longer so.
void be_of_another_graph(SimulatedMachine& machine);

[[nodiscard]] bool all_run(const SimulatedWorld& world, const std::string& version);

[[nodiscard]] bool is_one_effect_per_intent(const SimulatedMachine& machine);

[[nodiscard]] std::ptrdiff_t starts_count_of(const SimulatedMachine& machine,
                                             const std::string& instance);

}  // namespace homeostat::heal
