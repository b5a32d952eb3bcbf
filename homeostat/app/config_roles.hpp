#pragma once

// What the configuration says of the two roles where they are two processes (docs/roles.md).
//
// Pure. Values only.

#include "homeostat/adapters/roles/scope.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::app {

/// Which half of the loop a process is.
enum class ProcessRole : std::uint8_t {
    both,      ///< The whole loop, as ever.
    agent,     ///< Watches, judges, proposes. Cannot act.
    executor,  ///< Guards, acts, proves, records. Judges nothing.
};

constexpr auto names_of(std::type_identity<ProcessRole>) {
    return std::to_array<std::string_view>({"both", "agent", "executor"});
}

/// More than anybody needs, and few enough to be told apart.
constexpr std::size_t role_agents_max = 8;

/// One whom the executor hears, and of what it may speak.
struct RoleAgent {
    std::string key;  ///< Public, 64 hex digits.
    adapters::roles::ScopeKind scope{adapters::roles::ScopeKind::whole};

    friend bool operator==(const RoleAgent&, const RoleAgent&) = default;
};

/// `roles: { … }`: where and with whose signature they speak.
struct RolesConfig {
    std::filesystem::path socket;    ///< Where the executor takes letters on this machine; or:
    std::string listen;              ///< "0.0.0.0:7091"; empty: on the socket.
    std::string url;                 ///< Where the agent finds the executor; empty: on the socket.
    std::filesystem::path key_file;  ///< Of the agent, private.
    std::vector<RoleAgent> agents;   ///< Whom the executor hears.
    std::filesystem::path agent_socket;  ///< Where the agent itself tells what it sees.
    adapters::roles::Scope scope{};      ///< Of this process, by its command line.
};

/// Whether agents of some instances are listed, of which there may be one for each.
[[nodiscard]] inline bool hears_some(const RolesConfig& roles) {
    return std::ranges::any_of(roles.agents, [](const RoleAgent& agent) {
        return agent.scope != adapters::roles::ScopeKind::whole;
    });
}

}  // namespace homeostat::app
