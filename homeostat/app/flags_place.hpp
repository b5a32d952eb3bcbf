#pragma once

// FlagsPlace: what watches over the feature flags of the configuration and takes a change of them
// back.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/flagd/flag_actuator.hpp"
#include "homeostat/adapters/flagd/flags.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace homeostat::app {

class FlagsPlace {
  public:
    /// Null: none are declared. A process of the agent's role alone gets eyes and nothing to act
    /// by, and keeps nothing. REQUIRES: `clock` outlives it. ERRORS: invalid: the address; as of
    /// FlagHistory::open.
    [[nodiscard]] static Result<std::unique_ptr<FlagsPlace>> make(
        const Config& config,
        const boost::asio::any_io_executor& executor,
        ports::Clock& clock,
        std::function<void(const std::string&)> log,
        ProcessRole role = ProcessRole::both);

    [[nodiscard]] ports::Actuator* actuator() { return actuator_.get(); }

    /// For the agent. `known`: the version that the ledger spoke of last.
    void add_watchers(std::vector<ports::Telemetry*>& sources, VersionId known);

  private:
    FlagsPlace(adapters::flagd::Flags flags, ports::Clock& clock)
        : flags_(std::move(flags)), clock_(clock) {}

    adapters::flagd::Flags flags_;
    ports::Clock& clock_;
    std::unique_ptr<adapters::flagd::FlagActuator> actuator_;
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
};

}  // namespace homeostat::app
