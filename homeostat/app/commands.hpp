#pragma once

// The commands of `homeostat`. Each prints what it has to say and gives the exit status.

#include "homeostat/app/demo/demo.hpp"
#include "homeostat/app/exit_status.hpp"
#include "homeostat/decide/calibration.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::app {

struct CommonOptions {
    std::filesystem::path config{"homeostat.yaml"};
    bool is_json{false};
};

struct LedgerOptions {
    CommonOptions common;
    std::filesystem::path ledger;  ///< Instead of the configuration's.
};

struct IncidentsOptions {
    LedgerOptions ledger;
    std::string since;  ///< As parse_when reads it; empty: from the beginning.
    std::string until;  ///< Likewise; empty: to the end.
    std::string service;
    std::string kind;  ///< Of the symptom.
    std::string state;
    std::filesystem::path index;  ///< Instead of the configuration's.
    bool has_statistics{false};
    bool is_waiting{false};           ///< Asks the agent instead: what waits for a person.
    std::optional<std::string> mesh;  ///< Tell this agreement instead; empty: all.
    std::vector<std::filesystem::path> neighbours;  ///< Their ledgers, for `mesh`.
};

struct ExportOptions {
    LedgerOptions ledger;
    std::string since;
    std::string until;
    std::string incident;
    bool is_csv{false};
    std::filesystem::path out;  ///< Empty: standard output.
};

struct DecisionsOptions {
    LedgerOptions ledger;
    std::string since;  ///< As parse_when reads it; empty: from the beginning.
    std::string until;
    std::string service;
    std::string remedy;      ///< Its kind.
    bool is_central{false};  ///< Ask the PostgreSQL sink instead of the ledger.
    bool is_csv{false};
};

struct AdviseOptions {
    LedgerOptions ledger;
    std::string since{"30d"};  ///< As parse_when reads it; empty: from the beginning.
    std::uint32_t times{2};    ///< A cause has to be seen so often.
    bool is_simulated{false};  ///< Each advice is tried in worlds of homeostat-lab.
    std::uint32_t worlds{12};  ///< So many, each without and with it.
};

struct AutonomyOptions {
    LedgerOptions ledger;
    std::string remedy;   ///< Whose demotion is lifted; empty: the evidence is shown.
    std::string task;     ///< Of `run_task`: that one alone; empty: whatever of the kind.
    std::string because;  ///< Why.
};

struct ReportOptions {
    LedgerOptions ledger;
    std::string since{"30d"};  ///< As parse_when reads it; empty: from the beginning.
    std::string until;
    bool is_csv{false};
};

struct VerifyLedgerOptions {
    LedgerOptions ledger;
    std::filesystem::path sink;            ///< Instead of the configuration's.
    std::string head;                      ///< A hash that was written down before; empty: none.
    std::filesystem::path heads;           ///< Signed heads; instead of the configuration's.
    std::filesystem::path public_key;      ///< Of them; instead of the configuration's.
    std::vector<std::string> approvers{};  ///< NAME=KEY; instead of the configuration's.
};

struct ValidateOptions {
    CommonOptions common;
    bool prints_schema{false};
};

struct MeshOptions {
    std::filesystem::path config{"homeostat.yaml"};
    bool is_mermaid{false};  ///< Said aloud; it is so anyway.
    bool is_json{false};
    bool prints_key{false};
};

struct SwitchOptions {
    CommonOptions common;
    std::string because;
};

/// Of approve, deny and close.
struct PersonOptions {
    CommonOptions common;
    std::string incident;
    std::string question;  ///< Empty: whatever is asked now.
    std::string because;
    std::filesystem::path key;  ///< Of approve and undo: what signs it; empty: it is unsigned.
    std::string name;           ///< Whose key it is; empty: as the configuration lists it.
    bool is_sure{false};        ///< Signs without asking.
    std::string signature;      ///< Of approve and undo: what was signed elsewhere; "-": read.
    bool prints_form{false};    ///< Likewise: only what is to be signed is printed.
};

struct GraphOptions {
    bool is_mermaid{false};  ///< Said aloud; it is so anyway.
    bool is_json{false};
};

struct BenchDecideOptions {
    bool is_json{false};
    bool asks_model{true};
    std::filesystem::path model;        ///< Empty: there is none.
    std::filesystem::path calibration;  ///< Empty: the model has no weight.
    std::filesystem::path cases;        ///< Empty: those that were built in.
    std::filesystem::path prompts;      ///< Not empty: nothing is measured, prompts are printed.
    int repeats{5};
    std::uint32_t threads{1};  ///< Of the model's server; the agent gives it one.
};

/// Who ranks the remedies of cases. A model weighs kinds on a menu that another has ranked.
enum class CaseRanker : std::uint8_t { tree, rules, both, model };

constexpr auto names_of(std::type_identity<CaseRanker>) {
    return std::to_array<std::string_view>({"tree", "rules", "both", "model"});
}

struct DecideOptions {
    std::filesystem::path cases;
    bool is_json{false};
    bool tells_each{false};    ///< A line for each case, also of those that can be scored.
    bool has_features{false};  ///< With all candidates and their numbers, for training.
    bool has_evidence{false};  ///< With the lines that a small model would read.
    CaseRanker ranker{CaseRanker::tree};
    decide::Beside beside{decide::Beside::tree};  ///< Who ranks before the model is heard.
    std::filesystem::path model;                  ///< A GGUF file; of `both` and `model`.
    std::filesystem::path calibration;            ///< Empty: in `both` the model has no weight.
};

[[nodiscard]] ExitStatus validate(const ValidateOptions& options);
[[nodiscard]] ExitStatus show_status(const CommonOptions& options);
[[nodiscard]] ExitStatus show_pledges(const CommonOptions& options);
[[nodiscard]] ExitStatus show_mesh(const MeshOptions& options);
[[nodiscard]] ExitStatus show_sources(const CommonOptions& options);
/// What waits for a person, from the agent.
[[nodiscard]] ExitStatus show_waiting(const CommonOptions& options);
[[nodiscard]] ExitStatus list_incidents(const IncidentsOptions& options);
[[nodiscard]] ExitStatus export_ledger(const ExportOptions& options);
[[nodiscard]] ExitStatus advise_structure(const AdviseOptions& options);
[[nodiscard]] ExitStatus show_autonomy(const AutonomyOptions& options);
[[nodiscard]] ExitStatus promote_remedy(const AutonomyOptions& options);
[[nodiscard]] ExitStatus report_outages(const ReportOptions& options);
[[nodiscard]] ExitStatus explain_incident(const LedgerOptions& options, const std::string& id);
[[nodiscard]] ExitStatus replay_incident(const LedgerOptions& options, const std::string& id);
[[nodiscard]] ExitStatus show_graph(const GraphOptions& options);
/// Until it is ended.
[[nodiscard]] ExitStatus watch_envoy(const std::filesystem::path& directory);
[[nodiscard]] ExitStatus suspend(const SwitchOptions& options);
[[nodiscard]] ExitStatus resume(const SwitchOptions& options);
[[nodiscard]] ExitStatus approve(const PersonOptions& options);
[[nodiscard]] ExitStatus deny(const PersonOptions& options);
[[nodiscard]] ExitStatus close_incident(const PersonOptions& options);
[[nodiscard]] ExitStatus undo_incident(const PersonOptions& options);
[[nodiscard]] ExitStatus verify_ledger_of(const VerifyLedgerOptions& options);
[[nodiscard]] ExitStatus doctor(const CommonOptions& options);
[[nodiscard]] ExitStatus bench_decide(const BenchDecideOptions& options);
/// The prompt of each line's `evidence`, a line of JSON each, and before them the labels.
[[nodiscard]] ExitStatus print_prompts(const std::filesystem::path& cases);
[[nodiscard]] ExitStatus decide_cases(const DecideOptions& options);
[[nodiscard]] ExitStatus tell_decisions(const DecisionsOptions& options);
/// Does not come back unless homeostat-lab cannot be started.
[[nodiscard]] ExitStatus simulate(const std::vector<std::string>& arguments);

}  // namespace homeostat::app
