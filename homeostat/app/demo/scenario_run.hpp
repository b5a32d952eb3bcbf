#pragma once

// One run of one scenario, from a fresh world to its figures.

#include "homeostat/app/demo/scenarios.hpp"
#include "homeostat/app/demo/source_reads.hpp"
#include "homeostat/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app::demo {

/// The figures of the contract. A duration is a number of ms, or absent.
struct ScenarioFigures {
    std::string name;
    std::vector<std::string> expected;
    std::vector<std::string> remedies;
    bool healed{false};
    std::optional<double> detect_ms;  ///< t0 to noticing.
    std::optional<double> decide_ms;  ///< Noticing to choice, the model included.
    std::optional<double> act_ms;     ///< First intent to last outcome.
    std::optional<double> heal_ms;    ///< t0 to the first good window.
    std::optional<double> model_ms;
    std::uint64_t requests{0};
    std::uint64_t failed_requests{0};

    static void fields(auto& self, auto&& field) {
        field("name", self.name);
        field("expected", self.expected);
        field("remedies", self.remedies);
        field("healed", self.healed);
        field("detect_ms", self.detect_ms);
        field("decide_ms", self.decide_ms);
        field("act_ms", self.act_ms);
        field("heal_ms", self.heal_ms);
        field("model_ms", self.model_ms);
        field("requests", self.requests);
        field("failed_requests", self.failed_requests);
    }
};

/// Good answers before the fault: a baseline to learn.
constexpr auto settle_for = std::chrono::seconds{4};

struct ScenarioRun {
    ScenarioFigures figures;
    bool is_as_expected{false};
    std::string story;                    ///< Why not, or what is worth saying; for people.
    bool has_replaced{false};             ///< Not every instance is the process that it was.
    std::uint64_t checks_asked_count{0};  ///< Calls of payments to fraud since the fault began.
    std::uint64_t checks_given_count{0};  ///< And those that fraud was given.
    std::uint64_t wrong_count{0};         ///< Answers in time, without an error, and wrong.
    Duration wrong_for{};                 ///< From the first of them to the last.
    std::optional<SourceReads> source_reads{};  ///< Where the scenario looks at them.
    std::uint64_t records_count{0};
    bool is_ledger_intact{false};
};

/// ERRORS: whatever kept the world from coming up or the scenario from being begun.
[[nodiscard]] Result<ScenarioRun> run_scenario(const Scenario& scenario, WorldOptions options);

}  // namespace homeostat::app::demo
