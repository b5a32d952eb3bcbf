#pragma once

// ExportWatch: looks every few seconds how the sinks are, and holds them against their bound
// (export_bound.hpp).
//
// Not thread-safe; lives on the strand of its executor. Each look reads a small file.

#include "homeostat/app/config.hpp"
#include "homeostat/app/export_bound.hpp"
#include "homeostat/app/open_cases.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/ports/clock.hpp"

#include <functional>
#include <map>
#include <string>

namespace homeostat::app {

class ExportWatch {
  public:
    /// What it is given outlives it. `cases`: where the ledger ends.
    ExportWatch(const Config& config,
                ports::Clock& clock,
                const OpenCases& cases,
                std::function<void(const std::string&)> log);

    /// Looks until `stop`; not at all where there are no sinks.
    Task<void> run();
    void stop() { is_stopping_ = true; }
    /// Tells the log when the bound is passed, and when it is no longer.
    void look();

    /// Why nothing judged may begin: what the witnesses say, or that no sink takes anything.
    [[nodiscard]] std::string objection(std::string of_witnesses) const;

    /// `of_sources`, and what the sinks say that take nothing.
    [[nodiscard]] std::map<std::string, std::string> troubles(
        std::map<std::string, std::string> of_sources) const;

  private:
    const Config& config_;
    ports::Clock& clock_;
    const OpenCases& cases_;
    std::function<void(const std::string&)> log_;
    ExportBound bound_;
    bool is_stopping_{false};
};

}  // namespace homeostat::app
