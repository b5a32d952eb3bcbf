#pragma once

// ProcessTelemetry: is each instance's process alive, how large is it, how did it end.
//
// Read four times a second, and wakes whoever waits as soon as a process that was alive at the last
// read has ended: a crash is noticed in well under a millisecond and not by the next round.
//
// Small files of /proc are read inline. Lives on one strand.

#include "homeostat/adapters/process/instance_state.hpp"
#include "homeostat/adapters/process/options.hpp"
#include "homeostat/adapters/process/run_directory.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::process {

class ProcessTelemetry final : public ports::Telemetry {
  public:
    /// REQUIRES: `clock` outlives it; `strand` runs everything that calls it.
    ProcessTelemetry(const Options& options,
                     std::string boot_id,
                     boost::asio::any_io_executor strand,
                     ports::Clock& clock);
    ProcessTelemetry(const ProcessTelemetry&) = delete;
    ProcessTelemetry& operator=(const ProcessTelemetry&) = delete;
    ~ProcessTelemetry() override;

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{250}; }

    /// One ProcessReading per declared instance; one that never ran in this boot is not alive and
    /// has no identity, and a spare that ought not to run is not wanted. ERRORS: corrupt: a record.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

    /// Ends as soon as a process has ended that was alive at the last read(), at once if one has
    /// already, or when it is cancelled. One waiter at a time.
    Task<void> wait_for_exit();

  private:
    struct Wake;
    struct Watch;

    void watch(const InstanceId& instance, const InstanceState& state);

    RunDirectory run_;
    std::vector<DeclaredInstance> instances_;
    std::string boot_id_;
    std::string name_;
    boost::asio::any_io_executor strand_;
    ports::Clock& clock_;
    /// Owned by this object and, until it has run, by the handler of a watch that fired.
    std::shared_ptr<Wake> wake_;
    std::map<InstanceId, std::unique_ptr<Watch>> watches_;
};

}  // namespace homeostat::adapters::process
