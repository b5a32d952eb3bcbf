#pragma once

// Relier: the callee's side of one caller's route. It offers a share when it is asked, counts on
// what the caller says is in force, asks for it again while it needs it, and says when it does not.
//
// It counts from the sending of its own OFFER or RENEW and for less than the promise lasts, so its
// clock ends before the caller's. Silence ends it; nothing that a neighbour sends makes it last.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/mesh/limits.hpp"
#include "homeostat/mesh/message.hpp"
#include "homeostat/mesh/orders.hpp"
#include "homeostat/mesh/settings.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>

namespace homeostat::mesh {

/// What this service makes of its own load.
enum class Need : std::uint8_t {
    none,  ///< It would be well with all of its traffic.
    keep,  ///< It is well, because some is held back.
    more,  ///< It is not well.
};

constexpr auto names_of(std::type_identity<Need>) {
    return std::to_array<std::string_view>({"none", "keep", "more"});
}

struct RelierStanding {
    std::optional<Reason> stopped;  ///< Frozen, or its agent sick: it asks nobody for anything.
    Need need{Need::none};
    std::uint32_t share_rps{0};  ///< What this caller could have now. UNITS: requests/s.
};

enum class RelierPhase : std::uint8_t {
    idle,
    offered,  ///< Waits for ACCEPT, and counts on nothing.
    relying,
};

constexpr auto names_of(std::type_identity<RelierPhase>) {
    return std::to_array<std::string_view>({"idle", "offered", "relying"});
}

struct Relier {
    CallerSettings caller;
    Limits limits;

    RelierPhase phase{RelierPhase::idle};
    std::uint64_t pledge{0};  ///< Of the last OFFER; counts within an epoch.
    std::uint64_t turn{0};    ///< Of the last RENEW.
    Terms asked;              ///< By that OFFER or RENEW.
    Terms relied;             ///< What the caller says is in force.
    Instant asked_at{};
    Instant relies_until{};
    Instant renew_at{};
    Instant changed_at{};    ///< When we last asked for other terms.
    bool is_refused{false};  ///< The caller renews no more.
    Thread thread;
};

/// Its own load, or time, has changed.
struct Reconsider {};

using RelierEvent = std::variant<Message, Reconsider>;

struct RelierTurn {
    Relier relier;
    Deeds deeds;
};

/// One step. A message has to come from an inbox and from the caller.
[[nodiscard]] RelierTurn next(Relier relier,
                              const RelierEvent& event,
                              const RelierStanding& standing,
                              Instant now);

/// When it has to reconsider at the latest; none: never.
[[nodiscard]] std::optional<Instant> wake_at(const Relier& relier);

}  // namespace homeostat::mesh
