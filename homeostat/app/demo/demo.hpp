#pragma once

// The demo: real services break and heal, and what users saw of it is measured.
//
// Each scenario gets a world and a ledger of its own. The document on stdout is a contract:
//   {"seed", "scenarios": [{"name", "expected", "remedies", "healed", "detect_ms", "decide_ms",
//    "act_ms", "heal_ms", "model_ms", "requests", "failed_requests"}, …],
//    "ledger": {"records", "intact"}, "leftover_processes"}
// and with a baseline the same scenarios under what people use today:
//   "baseline": [{"policy", "name", "healed", "heal_ms", "failed_requests", "requests", "restarts",
//    "instances_running", "window_ms"}, …]

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace homeostat::app::demo {

struct DemoOptions {
    std::filesystem::path programs;  ///< Where the programs of the world are, homeostat's too.
    std::uint64_t seed{1};
    std::string only;             ///< Empty: all scenarios.
    std::string oracle{"both"};   ///< rules · model · both
    std::filesystem::path keep;   ///< Empty: the run's directory is removed.
    std::filesystem::path model;  ///< Empty: the rules alone.
    std::string model_missing;    ///< Why none can be asked, where one is wanted.
    bool has_baseline{false};     ///< Runs every scenario under each of policies(), too.
    bool lists{false};            ///< Only the names of the scenarios are asked for.
    bool is_json{false};
};

/// The names of all scenarios, a line each, on stdout. Gives the exit status.
[[nodiscard]] int list_scenarios();

/// Gives the exit status: 0 all went as expected, 1 not, 2 cannot run here, 130 interrupted.
[[nodiscard]] int run_demo(const DemoOptions& options);

}  // namespace homeostat::app::demo
