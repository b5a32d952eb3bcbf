#pragma once

// LogTelemetry: the new lines of every instance's stdout and stderr.
//
// The one door through which text from outside comes in; `sense` makes template ids of it and drops
// the text. Bounded per look: 2,000 lines of 2 KiB per instance.
//
// Reads inline, from memory. Lives on one strand.

#include "homeostat/adapters/process/log_tail.hpp"
#include "homeostat/adapters/process/options.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::process {

class LogTelemetry final : public ports::Telemetry {
  public:
    /// Begins at the logs' present ends. REQUIRES: `clock` outlives it.
    LogTelemetry(const Options& options, ports::Clock& clock);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{250}; }

    /// One LogReading per instance that wrote something. ERRORS: unreachable: a log cannot be read;
    /// the others' lines are kept for the next read.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    struct Source {
        InstanceId instance;
        LogTail tail;
    };

    std::string name_;
    std::vector<Source> sources_;
    std::vector<Reading> unsent_;  ///< Read before another source failed; at most one look's.
    ports::Clock& clock_;
};

}  // namespace homeostat::adapters::process
