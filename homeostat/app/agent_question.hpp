#pragma once

// What a command that only shows something asks the agent of this machine.

#include "homeostat/app/commands.hpp"
#include "homeostat/base/json.hpp"

#include <expected>
#include <string>

namespace homeostat::app {

/// Asks the agent of the configuration for `path`. The failing side has been told to the person.
[[nodiscard]] std::expected<json::value, ExitStatus> ask_for(const CommonOptions& options,
                                                             const std::string& path);

}  // namespace homeostat::app
