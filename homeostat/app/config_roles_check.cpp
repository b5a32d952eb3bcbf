#include "homeostat/app/config_roles_check.hpp"

#include "homeostat/net/endpoint.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace homeostat::app {

void check_roles(const ConfigFile& file, ConfigReading& reading) {
    if (!file.roles || !reading.is_sound("roles")) {
        return;
    }
    const RolesConfig& roles = file.roles->config;
    const bool has_address = !roles.listen.empty() || !roles.url.empty();
    if (has_address && !roles.socket.empty()) {
        reading.tell_at("roles",
                        "both a socket and an address — keep the socket where both roles "
                        "are on this machine, else listen and url");
    }
    if (roles.listen.starts_with("unix:")) {
        reading.tell_at("roles.listen",
                        "that is what socket is for — write socket: PATH, or an "
                        "address with a port, as in 10.0.0.5:7091");
    }
    std::set<std::string> once;
    const bool has_pods = file.runtime.kubernetes.has_value();
    for (const RoleAgentSection& agent : file.roles->agents) {
        const adapters::roles::ScopeKind scope = agent.config.scope;
        const bool is_of_processes = scope == adapters::roles::ScopeKind::instance;
        if (scope != adapters::roles::ScopeKind::whole && is_of_processes == has_pods) {
            reading.tell_at("roles.agents", has_pods ? "instances are pods here — write scope: pod"
                                                     : "there are no pods and nodes here — write "
                                                       "scope: instance");
        }
        if (!once.insert(agent.config.key).second) {
            reading.tell_at("roles.agents", "a key stands twice — keep one of them");
        }
    }
}

}  // namespace homeostat::app
