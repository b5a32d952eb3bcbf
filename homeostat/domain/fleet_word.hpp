#pragma once

// FleetWord: what the budget of a fleet answered to the question for a place.
//
// A place is for one remedy. It is named by the first effect that the remedy would have, which is
// the same after a crash: so who asks twice has one place.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace homeostat {

/// How much all agents of a fleet may do together.
struct FleetLimits {
    std::string name;                ///< Of the fleet: who says the same shares a budget.
    std::uint32_t remedies_max{10};  ///< Begun within `window`. 0 = none.
    Duration window{std::chrono::minutes{10}};
    std::uint32_t at_once_max{3};  ///< In hand at a time. 0 = none.

    static void fields(auto& self, auto&& field) {
        field("name", self.name);
        field("remedies_max", self.remedies_max);
        field("window", self.window);
        field("at_once_max", self.at_once_max);
    }
    friend bool operator==(const FleetLimits&, const FleetLimits&) = default;
};

enum class FleetSays : std::uint8_t {
    granted,
    full,         ///< As much is done as may be.
    unreachable,  ///< Nobody knows, so nothing is granted.
};

constexpr auto names_of(std::type_identity<FleetSays>) {
    return std::to_array<std::string_view>({"granted", "full", "unreachable"});
}

/// The question for a place. It is held for `holds_for` at most.
struct FleetAsk {
    EffectId place;
    FleetLimits limits;
    Duration holds_for{};
};

struct FleetWord {
    EffectId place;  ///< For which it is.
    FleetSays says{FleetSays::unreachable};
    std::string because{};    ///< The numbers that the store saw, or its trouble.
    std::uint64_t ticket{0};  ///< Of this grant: who was granted the place anew gives back another.

    static void fields(auto& self, auto&& field) {
        field("place", self.place);
        field("says", self.says);
        field("because", self.because);
        field("ticket", self.ticket);
    }
    friend bool operator==(const FleetWord&, const FleetWord&) = default;
};

}  // namespace homeostat
