#pragma once

// What the configuration says of maintenance: `guard: { maintenance: [ … ] }`, the hours in which
// people work on the service and nothing of ours is to begin.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::app {

enum class Weekday : std::uint8_t { mon, tue, wed, thu, fri, sat, sun };

constexpr auto names_of(std::type_identity<Weekday>) {
    return std::to_array<std::string_view>({"mon", "tue", "wed", "thu", "fri", "sat", "sun"});
}

constexpr std::size_t maintenance_max = 16;
constexpr Duration maintenance_for_max = std::chrono::hours{24};

/// A window, once on each of its days by the clocks of its zone. One of `to` and `lasts` is set.
struct MaintenanceConfig {
    std::vector<Weekday> days{};               ///< On which it begins; empty: every one.
    std::chrono::minutes from{};               ///< After midnight, as clocks show it there.
    std::optional<std::chrono::minutes> to{};  ///< Likewise; earlier than `from`: the next day.
    std::optional<Duration> lasts{};           ///< So long by any clock; at most a day.
    std::string zone{"UTC"};                   ///< "Europe/Berlin".

    friend bool operator==(const MaintenanceConfig&, const MaintenanceConfig&) = default;
};

}  // namespace homeostat::app
