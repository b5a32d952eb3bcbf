#pragma once

// What the agent asks homeostat-shipper about the budget of its fleet, and what it answers: JSON by
// POST on a socket of their own, beside the control socket (mode 0600).
//
// Pure. Values only.

#include "homeostat/app/config.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/fleet_word.hpp"
#include "homeostat/domain/ids.hpp"

#include <filesystem>
#include <string>

namespace homeostat::app {

constexpr const char* fleet_take_path = "/v1/take";
constexpr const char* fleet_give_back_path = "/v1/give-back";

/// The limits are not asked with it: both sides have read the same configuration.
struct FleetTake {
    EffectId place;
    Duration holds_for{};
    Instant
        until{};  ///< Nobody waits for the answer any longer: what it granted nobody would hold.

    static void fields(auto& self, auto&& field) {
        field("place", self.place);
        field("holds_for", self.holds_for);
        field("until", self.until);
    }
};

struct FleetGiveBack {
    FleetWord granted;
    bool was_used{false};

    static void fields(auto& self, auto&& field) {
        field("granted", self.granted);
        field("was_used", self.was_used);
    }
};

/// Beside the control socket, whose path is known to be short enough.
[[nodiscard]] inline std::filesystem::path fleet_socket_of(const Config& config) {
    return config.control_socket.string() + ".fleet";
}

}  // namespace homeostat::app
