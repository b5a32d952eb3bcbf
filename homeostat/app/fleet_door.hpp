#pragma once

// FleetDoor: the agent's side of its fleet's budget. homeostat-shipper asks the store: the agent
// links no library of it, and nothing of ours waits in one.
//
// Whatever goes wrong on the way is an error, and no error grants anything. What was said last is
// kept for `status` and the metrics.
//
// Lives on the agent's strand; not thread-safe.

#include "homeostat/app/config.hpp"
#include "homeostat/app/fleet_state.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/fleet_budget.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>

namespace homeostat::app {

class FleetDoor final : public ports::FleetBudget {
  public:
    /// Both outlive it. REQUIRES: a fleet is configured.
    FleetDoor(const Config& config, ports::Clock& clock, boost::asio::any_io_executor executor);

    Task<Result<FleetWord>> take(FleetAsk ask, Instant deadline) override;
    Task<Result<void>> give_back(FleetWord granted, bool was_used, Instant deadline) override;

    [[nodiscard]] const FleetState& state() const { return state_; }

  private:
    Task<Result<std::string>> post(std::string path, std::string body, Instant deadline);
    void note(const Result<FleetWord>& word);

    const Config& config_;
    ports::Clock& clock_;
    boost::asio::any_io_executor executor_;
    FleetState state_;
};

}  // namespace homeostat::app
