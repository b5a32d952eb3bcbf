#include "homeostat/app/judging.hpp"

#include "homeostat/app/declared.hpp"
#include "homeostat/app/judge_settings.hpp"
#include "homeostat/app/model_bounds.hpp"
#include "homeostat/app/model_place.hpp"

#include <chrono>
#include <utility>
#include <variant>

namespace homeostat::app {

decide::Settings decide_settings_of(const Config& config,
                                    const std::optional<decide::Calibration>& calibration) {
    return {config.oracle, calibration, true};
}

std::unique_ptr<adapters::llm::LlmOracle> oracle_of(
    const Config& config,
    const boost::asio::any_io_executor& executor,
    ports::Clock& clock,
    const std::function<void(const std::string&)>& log,
    ProcessRole role) {
    if (!config.model || config.oracle == OracleMode::rules) {
        return nullptr;
    }
    Result<adapters::llm::LlmSettings> settings = llm_settings_of(config, role);
    if (!settings) {
        log("model: " + settings.error().text);
        return nullptr;
    }
    if (auto* ours = std::get_if<adapters::llm::ModelServerSettings>(&settings->server)) {
        ours->cgroup = divided_cgroup(log);
    }
    return std::make_unique<adapters::llm::LlmOracle>(executor, clock, *std::move(settings));
}

heal::AgentSettings agent_settings_of(const Config& config,
                                      const std::optional<decide::Calibration>& calibration,
                                      std::function<void(const std::string&)> log) {
    heal::AgentSettings settings;
    settings.judge = judge_settings_of(config, inventory_of(config));
    settings.decide = decide_settings_of(config, calibration);
    settings.model_for_max = config.model ? config.model->deadline : Duration::zero();
    settings.settle_for = std::chrono::seconds{5};
    settings.log = std::move(log);
    return settings;
}

}  // namespace homeostat::app
