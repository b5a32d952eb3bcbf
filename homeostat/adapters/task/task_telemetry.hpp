#pragma once

// TaskTelemetry: what the check of a task has answered since the last call, whoever asked it to.
//
// It never waits for a check. The agent's starts one when its interval has passed, the executor's
// one after another while it proves a remedy.
//
// Not thread-safe; lives on one strand.

#include "homeostat/adapters/task/checker.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::task {

class TaskTelemetry final : public ports::Telemetry {
  public:
    /// A check begins `every` after the one before at the earliest. REQUIRES: `checker` outlives
    /// it.
    TaskTelemetry(Checker& checker, TaskId task, Duration every);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override;
    [[nodiscard]] bool is_about(const Subject& subject) const override;

    /// A CheckReading for each answer. ERRORS: those of a check that did not say.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    Checker& checker_;
    TaskId task_;
    Duration every_;
    std::string name_;
    std::uint64_t told_{0};  ///< Number of the latest answer that was handed on.
};

}  // namespace homeostat::adapters::task
