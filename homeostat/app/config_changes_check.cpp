#include "homeostat/app/config_changes_check.hpp"

#include "homeostat/net/endpoint.hpp"

#include <string>

namespace homeostat::app {

void check_changes_door(const ConfigFile& file, ConfigReading& reading) {
    if (!file.changes.door || !reading.is_sound("changes")) {
        return;
    }
    const ChangesDoorConfig& door = file.changes.door->config;
    if (door.listen.starts_with("unix:")) {
        reading.tell_at("changes.door.listen",
                        "the control socket is the one for this machine — write an address with a "
                        "port, as in 127.0.0.1:9465, or http: true instead of door");
        return;
    }
    const Result<net::Address> address = net::parse_endpoint("http://" + door.listen);
    if (!address || net::is_local(address->endpoint)) {
        return;
    }
    if (!door.is_open) {
        reading.tell_at("changes.door.listen",
                        "other machines reach this address, and there is no TLS at it: the token "
                        "crosses the network as it is — write 127.0.0.1:9465 and put a proxy with "
                        "TLS before it, or add open: true");
    }
    if (door.hosts.empty()) {
        reading.tell_at("changes.door",
                        "by which name tools reach it is not known — add hosts: "
                        "[homeostat-payments.shop.svc:9465]");
    }
}

}  // namespace homeostat::app
