#pragma once

// The keys that say how the two roles speak where they are two processes.
//
// Pure. Values only.

#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_mesh_keys.hpp"
#include "homeostat/app/config_roles.hpp"
#include "homeostat/app/config_values.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// The public key of an agent: 64 hex digits, lower case.
struct AgentKeyValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const { return PublicKeyValue{}.schema(); }
};

/// A key alone speaks of the whole.
struct RoleAgentSection {
    RoleAgent config;
    static constexpr AgentKeyValue short_kind{};
    [[nodiscard]] auto& short_value(this auto& self) { return self.config.key; }
    [[nodiscard]] bool is_short() const {
        return config.scope == adapters::roles::ScopeKind::whole;
    }
    static void keys(auto& self, auto&& key) {
        key(Key{"key", "Its public key, 64 hex digits", Need::required}, AgentKeyValue{},
            self.config.key);
        key(Key{"scope",
                "Of what it may speak: pod and node are agents beside their pods, which may share "
                "a key"},
            EnumValue<adapters::roles::ScopeKind>{}, self.config.scope);
    }
};

struct RolesSection {
    RolesConfig config;
    std::vector<RoleAgentSection> agents;
    static void keys(auto& self, auto&& key) {
        key(Key{"socket",
                "Where the executor takes what the agent proposes; var/SERVICE/door.sock"},
            PathValue{}, self.config.socket);
        key(Key{"listen", "The same for an agent on another machine, as in 10.0.0.5:7091"},
            PeerValue{}, self.config.listen);
        key(Key{"url", "Where the agent finds it then, as in http://10.0.0.5:7091"}, PeerUrlValue{},
            self.config.url);
        key(Key{"key", "Signs what the agent says; made if missing; var/SERVICE/agent.key"},
            PathValue{}, self.config.key_file);
        key(Key{"agents",
                "Public keys of the agents that the executor hears: `homeostat agent --role agent "
                "--show-key` says it"},
            SectionsKind{role_agents_max}, self.agents);
        key(Key{"agent_socket", "Where the agent tells what it sees; var/SERVICE/agent.sock"},
            PathValue{}, self.config.agent_socket);
    }
};

}  // namespace homeostat::app
