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
    const std::set<std::string> once(roles.agents.begin(), roles.agents.end());
    if (once.size() != roles.agents.size()) {
        reading.tell_at("roles.agents", "a key stands twice — keep one of them");
    }
}

}  // namespace homeostat::app
