#pragma once

// `homeostat agent` and `homeostat status`: what they are told on the command line.

#include "homeostat/app/commands.hpp"
#include "homeostat/app/config_roles.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

struct AgentOptions {
    std::vector<std::filesystem::path> configs{"homeostat.yaml"};  ///< And directories of files.
    std::string log_level{"info"};
    ProcessRole role{ProcessRole::both};
    std::string executor;   ///< Where it is, instead of roles.url and roles.socket.
    std::string pod;        ///< The one that the agent's role stands beside; of these three one.
    std::string node;       ///< On which it stands, for the pods there.
    std::string instance;   ///< The one process that it sees.
    bool shows_key{false};  ///< Prints the agent's public key instead of guarding.
    bool allows_core_dumps{false};  ///< And debuggers of the same user.
};

struct StatusOptions {
    std::vector<std::filesystem::path> configs{"homeostat.yaml"};  ///< Asked until one answers.
    bool is_json{false};
    ProcessRole role{ProcessRole::both};  ///< `agent`: what that process sees.
};

void add_agent(CLI::App& app, AgentOptions& options);
void add_status(CLI::App& app, StatusOptions& options);

[[nodiscard]] ExitStatus run_agent(const AgentOptions& options);
/// Of an agent that is a process of its own.
[[nodiscard]] ExitStatus show_agent_status(const CommonOptions& options);
/// Of several services that one process guards the first that answers is shown: the others' trouble
/// is theirs, and a cluster that asks whether the process lives must not end it for that.
/// ERRORS: none answers: what the last one said.
[[nodiscard]] ExitStatus show_status_of(const StatusOptions& options);

}  // namespace homeostat::app
