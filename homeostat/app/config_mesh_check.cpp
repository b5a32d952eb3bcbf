#include "homeostat/app/config_mesh_check.hpp"

#include "homeostat/net/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace homeostat::app {

namespace {

void check_agreement(const ConfigFile& file,
                     const NeighbourSection& neighbour,
                     ConfigReading& reading) {
    const std::string& name = neighbour.config.service.text();
    const auto tell = [&](std::string_view says) {
        reading.tell_at("neighbours", fmt::format("{}: {}", name, says));
    };
    const bool has_modes = !neighbour.reduced_modes.empty();
    if (!neighbour.agent) {
        if (has_modes || !neighbour.config.dimmer.empty()) {
            tell("a reduced mode is agreed on with an agent — add agent: { url: …, key: … }");
        }
        return;
    }
    if (!has_modes) {
        tell(
            "an agent, and nothing to agree on — add reduced_modes: [ { mode: …, users_lose: … } "
            "]");
    }
    if (neighbour.config.dimmer.empty()) {
        tell(
            "a mode is in force at the edge — add dimmer: HAProxy's stick table, or Envoy's "
            "runtime key");
    }
    if (!file.mesh) {
        tell("it is spoken to as an agent that listens — add mesh: { listen: … }");
    }
    std::set<std::string> modes;
    for (const ReducedModeSection& mode : neighbour.reduced_modes) {
        if (!modes.insert(mode.config.mode).second) {
            tell(fmt::format("the mode '{}' stands twice — keep one of them", mode.config.mode));
        }
    }
}

/// A service that calls us and that we call is one agent with one key.
void check_keys(const ConfigFile& file, ConfigReading& reading) {
    std::map<std::string, PeerConfig> known;
    for (const NeighbourSection& neighbour : file.neighbours) {
        if (neighbour.agent) {
            known.emplace(neighbour.config.service.text(), neighbour.agent->config);
        }
    }
    std::set<std::string> callers;
    for (const MeshCallerSection& caller : file.mesh->callers) {
        const std::string& name = caller.config.service.text();
        const auto found = known.find(name);
        if (found != known.end() && (found->second.key != caller.agent.config.key ||
                                     found->second.url != caller.agent.config.url)) {
            reading.tell_at("mesh.callers",
                            fmt::format("'{}' has another agent under neighbours — one service "
                                        "has one",
                                        name));
        }
        if (!callers.insert(name).second) {
            reading.tell_at("mesh.callers",
                            fmt::format("'{}' stands twice — keep one of them", name));
        }
        if (caller.config.service == file.service) {
            reading.tell_at("mesh.callers",
                            fmt::format("'{}' is the guarded service itself — leave it out", name));
        }
    }
}

bool is_on_other_machine(const PeerConfig& peer) {
    const Result<net::Address> address = net::parse_endpoint(peer.url);
    return address && !net::is_local(address->endpoint);
}

/// An agent that listens to its own machine only says all and hears nothing of the others.
void check_reach(const ConfigFile& file, ConfigReading& reading) {
    const bool has_far_neighbour =
        std::ranges::any_of(file.neighbours, [](const NeighbourSection& neighbour) {
            return neighbour.agent && is_on_other_machine(neighbour.agent->config);
        });
    const bool has_far_caller = std::ranges::any_of(
        file.mesh->callers,
        [](const MeshCallerSection& caller) { return is_on_other_machine(caller.agent.config); });
    const Result<net::Address> own = net::parse_endpoint("http://" + file.mesh->config.listen);
    if ((has_far_neighbour || has_far_caller) && own && net::is_local(own->endpoint)) {
        reading.tell_at("mesh.listen",
                        "a neighbour is on another machine and cannot reach this address — write "
                        "one that it reaches, as in 10.0.0.6:7071");
    }
}

}  // namespace

void check_mesh(const ConfigFile& file, ConfigReading& reading) {
    for (const NeighbourSection& neighbour : file.neighbours) {
        check_agreement(file, neighbour, reading);
    }
    const Autonomy autonomy = file.autonomy.reduce_mode;
    if (autonomy != Autonomy::act && autonomy != Autonomy::watch) {
        reading.tell_at(
            "autonomy.reduce_mode",
            "a neighbour waits 50 ms for an answer, so nobody can be asked — write act, "
            "or watch");
    }
    if (!file.mesh || !reading.is_read("mesh")) {
        return;
    }
    if (file.mesh->config.listen.starts_with("unix:")) {
        reading.tell_at("mesh.listen",
                        "neighbours are on other machines as well — write an address with a port, "
                        "as in 127.0.0.1:7071");
    }
    if (!file.edge) {
        reading.tell_at("mesh", "modes are in force at the edge only — add edge: { haproxy: … }");
    }
    if (!file.mesh->callers.empty() && file.mesh->config.capacity_rps == 0) {
        reading.tell_at("mesh",
                        "callers, and nothing to share among them — add capacity: requests "
                        "a second that the whole service serves well");
    }
    check_keys(file, reading);
    check_reach(file, reading);
}

}  // namespace homeostat::app
