#pragma once

// What a PledgeRole is given.
//
// Values only; the ports outlive the role.

#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/verdict.hpp"
#include "homeostat/guard/dimming.hpp"
#include "homeostat/mesh/mesh.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/dimmer.hpp"
#include "homeostat/ports/kill_switch.hpp"
#include "homeostat/ports/mode_board.hpp"
#include "homeostat/ports/peers.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace homeostat::heal {

struct PledgeSettings {
    ServiceId service;
    mesh::Settings mesh;
    mesh::Keyring keyring;
    mesh::SigningSeed seed{};
    std::uint64_t stored_epoch{0};  ///< The one after it is durable already.
    std::uint64_t chance{0};        ///< Differs between processes: jitter, and ids of traces.
    /// Whose dimmer a route's modes turn.
    std::map<mesh::RouteId, ServiceId> neighbours;
    std::vector<guard::DimmerLimits> dimmers;
    Autonomy autonomy{Autonomy::watch};
    std::uint32_t capacity_rps{0};  ///< Declared, of the whole service. UNITS: requests/s.
    std::uint32_t floor_rps{0};     ///< Of the service: what its critical requests need.
    Duration dim_for_max{std::chrono::milliseconds{40}};  ///< Within the protocol's 50 ms.
    std::function<void(const std::string&)> log;          ///< Not blocking.
    /// Writes entries; false: they were not taken, and nothing may be done.
    std::function<Task<bool>(std::vector<Entry>)> keep;
    std::function<std::string()> unwitnessed;  ///< Why nothing may begin; empty: it may.
};

struct PledgePorts {
    ports::Clock& clock;
    ports::KillSwitch& kill_switch;
    ports::Dimmer& dimmer;
    ports::Telemetry& edge;  ///< Of its own: counters are differences between two readings.
    ports::Peers& peers;
    ports::ModeBoard* board{nullptr};  ///< Null: the service is not told.
};

}  // namespace homeostat::heal
