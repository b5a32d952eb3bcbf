#pragma once

// Order: what the agent's own side has to do. No order names anything of a neighbour's: what is
// moved, held back or counted on is always this service's own traffic.
//
// Whatever lowers what users get carries its end, so that the data plane ends it without us.
// Orders are carried out in the order in which they were given.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/mesh/message.hpp"
#include "homeostat/mesh/names.hpp"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace homeostat::mesh {

/// What a promise of a reduced mode is about.
struct Terms {
    ModeId mode;
    std::uint32_t rps_max{0};  ///< To the callee. UNITS: requests/s.
    friend bool operator==(const Terms&, const Terms&) = default;
};

/// Traffic that a third service takes, within what it has granted.
struct Redirect {
    AgentId via;
    std::uint32_t rps{0};  ///< At most. UNITS: requests/s.
    Instant until{};       ///< From then on it is shed, whatever becomes of the mode.
    friend bool operator==(const Redirect&, const Redirect&) = default;
};

/// Be in a mode, and read back whether the data plane is. `Applied` answers, with the same number.
struct EnterMode {
    RouteId route;
    std::uint64_t number{0};
    Terms terms;
    std::optional<Redirect> redirect;
    Instant until{};  ///< The data plane leaves it by itself then.
};

/// On the way back: this share of what was held back goes to the callee again.
struct Ramp {
    RouteId route;
    std::uint32_t share_percent{0};
    Instant until{};  ///< Everything goes there again then.
};

/// Everything as it was before.
struct Restore {
    RouteId route;
};

/// Without a neighbour: drop this share of what may be dropped, by criticality, never below the
/// route's floor.
struct Throttle {
    RouteId route;
    std::uint32_t drop_permille{0};
    Instant until{};
};

/// A caller sends no more than this until then. SOURCE: its ACCEPT.
struct Rely {
    AgentId caller;
    RouteId route;
    Terms terms;
    Instant until{};
};

struct StopRelying {
    AgentId caller;
    RouteId route;
};

/// For the ledger.
struct NoteOutcome {
    AgentId from;  ///< Who says so; this agent itself, of a promise of its own.
    Thread thread;
    OutcomeReport outcome;
};

using Order = std::variant<EnterMode, Ramp, Restore, Throttle, Rely, StopRelying, NoteOutcome>;

/// A message before it has an envelope.
struct Saying {
    AgentId to;
    Thread thread;
    Body body;
};

/// What a state machine wants done.
struct Deeds {
    std::vector<Saying> sayings;
    std::vector<Order> orders;
};

}  // namespace homeostat::mesh
