#pragma once

// One request to the agent of this machine, for the commands that need it alive.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"

#include <filesystem>
#include <string>

namespace homeostat::app {

/// Blocks for at most five seconds. ERRORS: unreachable: no agent, with the mend; late: there
/// is one, and it may still do what it was asked; refused: the agent's own words.
[[nodiscard]] Result<json::value> ask_agent(const std::filesystem::path& socket,
                                            const std::string& method,
                                            const std::string& path,
                                            const std::string& body);

}  // namespace homeostat::app
