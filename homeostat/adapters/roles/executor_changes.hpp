#pragma once

// ExecutorChanges: the changes that the executor knows and this agent did not see itself: those of
// before its start, and what somebody told the executor.
//
// Asks nobody: the replies to our letters bring them. Lives on the strand of the RemoteExecutor.

#include "homeostat/adapters/roles/remote_executor.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <chrono>
#include <string_view>
#include <vector>

namespace homeostat::adapters::roles {

class ExecutorChanges final : public ports::Telemetry {
  public:
    /// REQUIRES: `executor` outlives it.
    explicit ExecutorChanges(RemoteExecutor& executor) : executor_(executor) {}

    [[nodiscard]] std::string_view name() const override { return "changes told by the executor"; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{200}; }

    Task<Result<std::vector<Reading>>> read(Instant /*deadline*/) override {
        std::vector<Reading> readings;
        for (Change& change : executor_.take_changes()) {
            readings.emplace_back(ChangeReading{std::move(change)});
        }
        co_return readings;
    }

  private:
    RemoteExecutor& executor_;
};

}  // namespace homeostat::adapters::roles
