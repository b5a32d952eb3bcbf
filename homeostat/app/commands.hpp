#pragma once

// The commands of `homeostat`. Each prints what it has to say and gives the exit status.

#include "homeostat/app/demo/demo.hpp"
#include "homeostat/app/exit_status.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::app {

struct CommonOptions {
    std::filesystem::path config{"homeostat.yaml"};
    bool is_json{false};
};

struct AgentOptions {
    std::filesystem::path config;
    std::string log_level{"info"};
};

struct LedgerOptions {
    CommonOptions common;
    std::filesystem::path ledger;  ///< Instead of the configuration's.
};

struct VerifyLedgerOptions {
    LedgerOptions ledger;
    std::filesystem::path sink;  ///< Instead of the configuration's.
    std::string head;            ///< A hash that was written down before; empty: none.
};

struct ValidateOptions {
    CommonOptions common;
    bool prints_schema{false};
};

struct SwitchOptions {
    CommonOptions common;
    std::string because;
};

struct BenchDecideOptions {
    bool is_json{false};
    bool asks_model{true};
    std::filesystem::path model;        ///< Empty: there is none.
    std::filesystem::path calibration;  ///< Empty: the model has no weight.
    std::filesystem::path cases;        ///< Empty: those that were built in.
    int repeats{5};
};

[[nodiscard]] ExitStatus run_agent(const AgentOptions& options);
[[nodiscard]] ExitStatus validate(const ValidateOptions& options);
[[nodiscard]] ExitStatus show_status(const CommonOptions& options);
[[nodiscard]] ExitStatus list_incidents(const LedgerOptions& options);
[[nodiscard]] ExitStatus explain_incident(const LedgerOptions& options, const std::string& id);
[[nodiscard]] ExitStatus replay_incident(const LedgerOptions& options, const std::string& id);
[[nodiscard]] ExitStatus suspend(const SwitchOptions& options);
[[nodiscard]] ExitStatus resume(const SwitchOptions& options);
[[nodiscard]] ExitStatus verify_ledger_of(const VerifyLedgerOptions& options);
[[nodiscard]] ExitStatus doctor(const CommonOptions& options);
[[nodiscard]] ExitStatus bench_decide(const BenchDecideOptions& options);
/// Does not come back unless homeostat-lab cannot be started.
[[nodiscard]] ExitStatus simulate(const std::vector<std::string>& arguments);

}  // namespace homeostat::app
