#pragma once

// mesh: one agent among its neighbours. The front door: an event in, messages and orders out.
//
// An agent acts on its own service only: as caller it promises reduced modes (`Provider`), as
// callee it counts on them (`Relier`), as a third service it grants capacity (`CapacityLedger`).
// Beside that neighbours take capacity away one after the other (`Precedence`).
// What comes in is bytes from anybody; `next` throws away what is not a new message of a neighbour,
// in time, and counts it. What goes out has no signature yet: the private key is no part of this
// state, whoever sends calls `seal`.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/mesh/capacity_ledger.hpp"
#include "homeostat/mesh/inbox.hpp"
#include "homeostat/mesh/orders.hpp"
#include "homeostat/mesh/outbox.hpp"
#include "homeostat/mesh/precedence.hpp"
#include "homeostat/mesh/provider.hpp"
#include "homeostat/mesh/relier.hpp"
#include "homeostat/mesh/settings.hpp"
#include "homeostat/mesh/wire.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace homeostat::mesh {

/// What the agent knows of itself and of how its neighbours look.
struct Condition {
    bool is_suspended{false};               ///< A person's kill switch.
    std::uint32_t self_health{0};           ///< 0 well, 8 hardly alive.
    std::uint32_t neighbours_bad_count{0};  ///< By own evidence.
};

/// What it knows of its service's load.
struct Load {
    std::uint32_t capacity_rps{0};  ///< UNITS: requests/s, as measured now. 0: not known.
    Need need{Need::none};
    std::uint32_t level{0};  ///< As in the beacon.
    std::uint32_t queue_ms{0};
    std::uint32_t inflight_count{0};
    std::uint32_t floor_rps{0};
};

struct Agent {
    /// REQUIRES: no `objection_to` the settings.
    /// `stored_epoch`: see Outbox. `jitter_seed`: differs between agents, or they move in step.
    explicit Agent(Settings settings,
                   Keyring keyring,
                   std::uint64_t stored_epoch,
                   std::uint64_t jitter_seed,
                   Instant now);

    Settings settings;
    Keyring keyring;
    Outbox outbox;
    Inbox inbox;
    CapacityLedger ledger;
    Precedence precedence;
    Condition condition;
    Load load;
    std::map<RouteId, Provider> providers;
    std::map<ShareKey, Relier> reliers;
    Instant beacon_at;
};

/// The epoch of `outbox` is durable. Until then nothing is heard and nothing said.
struct EpochStored {};

/// Bytes from somebody. ENSURES: they change nothing unless `discarded` is empty.
struct Arrived {
    std::string bytes;
};

/// REQUIRES: its thread is one of an incident, with a traceparent.
struct RouteLooked {
    RouteId route;
    Looked looked;
};

struct RouteApplied {
    RouteId route;
    Applied applied;
};

/// Once after a start, for each route whose data plane is in a mode.
struct RouteFound {
    RouteId route;
    Found found;
};

/// Capacity of our own is about to be taken away: all neighbours that we have heard of are asked.
/// What they say stands in `precedence` when it is not asking any more.
struct Intending {
    Thread thread;
};

/// What of that is done at present.
struct Working {
    CapacityWork work{CapacityWork::none};
};

using Event = std::variant<EpochStored,
                           Arrived,
                           RouteLooked,
                           RouteApplied,
                           RouteFound,
                           Condition,
                           Load,
                           Intending,
                           Working,
                           Woken>;

struct Turn {
    Agent agent;
    std::vector<Message> messages;  ///< To be sealed and sent, or lost: every step can be repeated.
    std::vector<Order> orders;      ///< To be carried out in this order.
    std::optional<Discard> discarded;  ///< Why the bytes that arrived were thrown away.
};

/// One step.
[[nodiscard]] Turn next(Agent agent, const Event& event, Instant now);

/// When `Woken` is due. It may lie in the past; one wake a millisecond is enough then.
[[nodiscard]] Instant wake_at(const Agent& agent);

/// Suspended, itself sick, or much looks sick at once: nothing new begins.
[[nodiscard]] std::optional<Reason> reason_to_freeze(const Agent& agent);

}  // namespace homeostat::mesh
