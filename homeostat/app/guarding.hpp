#pragma once

// Guarding: what the configuration says to the executor's half of the loop, wherever it runs.

#include "homeostat/adapters/segment_log/segment_log.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/decide/decide.hpp"
#include "homeostat/heal/executor_settings.hpp"

#include <functional>
#include <string>

namespace homeostat::app {

/// The directories of the switch and of the socket, where they are missing.
[[nodiscard]] Result<void> make_directories_of(const Config& config);

/// Where and how the ledger is kept; `log` is told of what people should know of it.
[[nodiscard]] adapters::segment_log::Options ledger_options_of(
    const Config& config, const std::string& boot_id, std::function<void(const std::string&)> log);

/// All but what only whoever is wired knows: how long effects take, whom to tell, what objects.
/// `decides`: as its agent does, for the record.
[[nodiscard]] heal::ExecutorSettings executor_settings_of(const Config& config,
                                                          const std::string& boot_id,
                                                          const decide::Settings& decides);

}  // namespace homeostat::app
