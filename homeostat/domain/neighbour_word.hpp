#pragma once

// NeighbourWord: what the agent of a neighbour says when a remedy is about to take capacity away.
//
// It can delay and nothing else: guard heeds it for a bounded time in each incident, and a
// neighbour that says nothing is none in the way.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace homeostat {

enum class NeighbourSays : std::uint8_t {
    go,    ///< Nothing of mine is in the way.
    wait,  ///< I take capacity away myself, or am about to.
    mine,  ///< And you call me: what you see may be my trouble, and I am at it.
};

constexpr auto names_of(std::type_identity<NeighbourSays>) {
    return std::to_array<std::string_view>({"go", "wait", "mine"});
}

struct NeighbourWord {
    ServiceId neighbour;
    NeighbourSays says{NeighbourSays::go};
    Duration lasts{};  ///< Then it has expired, and who still wants to asks again. 0 with `go`.

    static void fields(auto& self, auto&& field) {
        field("neighbour", self.neighbour);
        field("says", self.says);
        field("lasts", self.lasts);
    }
    friend bool operator==(const NeighbourWord&, const NeighbourWord&) = default;
};

/// What a service does of its own that its neighbours had better not add to.
enum class CapacityWork : std::uint8_t {
    none,
    taking,   ///< A remedy that takes instances out for a while is being carried out.
    proving,  ///< It is done, and whether it has helped is being looked at.
};

constexpr auto names_of(std::type_identity<CapacityWork>) {
    return std::to_array<std::string_view>({"none", "taking", "proving"});
}

}  // namespace homeostat
