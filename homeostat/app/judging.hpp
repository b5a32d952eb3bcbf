#pragma once

// Judging: what the agent's half of the loop is made of, wherever it runs.

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/decide/calibration.hpp"
#include "homeostat/decide/decide.hpp"
#include "homeostat/heal/agent_role.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace homeostat::app {

[[nodiscard]] decide::Settings decide_settings_of(
    const Config& config, const std::optional<decide::Calibration>& calibration);

/// Null: none is configured, or its address cannot be; then `log` is told. `role`: as in
/// `llm_settings_of`.
[[nodiscard]] std::unique_ptr<adapters::llm::LlmOracle> oracle_of(
    const Config& config,
    const boost::asio::any_io_executor& executor,
    ports::Clock& clock,
    const std::function<void(const std::string&)>& log,
    ProcessRole role = ProcessRole::both);

[[nodiscard]] heal::AgentSettings agent_settings_of(
    const Config& config,
    const std::optional<decide::Calibration>& calibration,
    std::function<void(const std::string&)> log);

}  // namespace homeostat::app
