#pragma once

// One run of one scenario under a policy that people use today, instead of Homeostat.
//
// World, fault, seed, load and the owner's mending of what no remedy ends are those of
// scenario_run.hpp; only what looks after payments is another. A run is bounded by the policy's
// window, since much of this is never healed.

#include "homeostat/app/demo/policies.hpp"
#include "homeostat/app/demo/scenarios.hpp"
#include "homeostat/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app::demo {

struct BaselineFigures {
    std::string policy;
    std::string name;               ///< Of the scenario.
    bool healed{false};             ///< Users were served well again within the window, or always.
    std::optional<double> heal_ms;  ///< From the first bad answer; absent also when none was bad.
    std::uint64_t failed_requests{0};
    std::uint64_t requests{0};
    std::uint64_t restarts{0};           ///< Made by the policy.
    std::uint64_t instances_running{0};  ///< Of payments, at the end.
    double window_ms{0};

    static void fields(auto& self, auto&& field) {
        field("policy", self.policy);
        field("name", self.name);
        field("healed", self.healed);
        field("heal_ms", self.heal_ms);
        field("failed_requests", self.failed_requests);
        field("requests", self.requests);
        field("restarts", self.restarts);
        field("instances_running", self.instances_running);
        field("window_ms", self.window_ms);
    }
};

/// ERRORS: whatever kept the world from coming up or the scenario from being begun.
[[nodiscard]] Result<BaselineFigures> run_baseline(const Scenario& scenario,
                                                   const Policy& policy,
                                                   WorldOptions options);

/// What one policy, or Homeostat, made of a scenario, in one cell of a table.
[[nodiscard]] std::string cell_of(bool is_healed,
                                  std::optional<double> heal_ms,
                                  std::uint64_t failed_requests,
                                  double window_ms);

}  // namespace homeostat::app::demo
