#pragma once

// PledgeConfig: the file that starts a server under test of the pledge protocol, the same for every
// implementation (tests/pledges/README.md).
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/mesh/mesh.hpp"
#include "homeostat/net/endpoint.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::sim::sut {

/// What the data plane of a route is in when the server starts.
struct FoundMode {
    mesh::RouteId route;
    mesh::ModeId mode;
    std::uint32_t rps_max{0};
    std::uint32_t left_ms{0};

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("mode", self.mode);
        field("rps_max", self.rps_max);
        field("left_ms", self.left_ms);
    }
};

/// An agent as it is told to be, and where its neighbours listen.
struct PledgeConfig {
    mesh::Settings settings;
    mesh::Keyring keyring;
    mesh::SigningSeed seed{};
    std::map<std::string, net::Endpoint> neighbours;
    std::vector<FoundMode> found;
    std::string epoch_file;
    std::uint64_t jitter_seed{0};
};

/// ERRORS: invalid, with the place.
[[nodiscard]] Result<PledgeConfig> parse_pledge_config(std::string_view text);

}  // namespace homeostat::sim::sut
