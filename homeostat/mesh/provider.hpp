#pragma once

// Provider: the caller's side of one route. It sees its callee struggle, asks what it may take off
// it, promises a reduced mode, keeps the promise and comes back step by step.
//
// The promise begins once the mode was read back and ends later than the callee counts on it, or
// when the callee has said that it does not. Own evidence alone starts anything: a neighbour's word
// can make it look less long, be refused, or hold it in a mode that its own catalogue has and its
// floor allows, until the promise ends. Without an answer within 50 ms the route helps itself.
//
// Pure. Values only.

#include "homeostat/base/rng.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/mesh/flap_damping.hpp"
#include "homeostat/mesh/limits.hpp"
#include "homeostat/mesh/message.hpp"
#include "homeostat/mesh/orders.hpp"
#include "homeostat/mesh/settings.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace homeostat::mesh {

enum class Phase : std::uint8_t {
    normal,
    suspect,         ///< Own windows are bad, not yet enough of them.
    asking,          ///< CFP sent; ends within `ask_deadline` one way or the other.
    degraded,        ///< A promise is in force.
    leaving,         ///< It still is, and we would rather not.
    probation,       ///< No promise; traffic comes back in steps.
    local_fallback,  ///< No agreement: the client throttle, and nobody is needed.
    frozen,          ///< A person's switch, or we are the suspect: nothing new begins.
};

constexpr auto names_of(std::type_identity<Phase>) {
    return std::to_array<std::string_view>({"normal", "suspect", "asking", "degraded", "leaving",
                                            "probation", "local_fallback", "frozen"});
}

/// What holds of the agent as a whole while a route takes a step.
struct Standing {
    bool is_frozen{false};
    bool is_unwell{false};          ///< The agent itself is late: it looks twice as long.
    bool has_granted{false};        ///< Others count on our capacity: nothing may be passed on.
    std::uint64_t callee_epoch{0};  ///< 0: never heard of, so there is nobody to ask.
};

/// What the caller promised, to which life of its callee, until when by its own clock.
struct Promise {
    std::uint64_t callee_epoch{0};
    std::uint64_t pledge{0};  ///< 0: of our last life, found in the data plane.
    std::uint64_t turn{0};
    Terms terms;
    Instant until{};
    Thread thread;
};

/// A promise that is not yet one: capacity is asked for, or the mode is being entered.
struct Pending {
    Promise promise;
    std::optional<std::uint64_t> order;  ///< Of EnterMode; none: the grant is not there yet.
    std::uint32_t redirect_rps{0};
    Instant deadline{};
};

/// Capacity at a third service. It ends, for us, before it does there.
struct HeldGrant {
    AgentId via;
    std::uint32_t rps{0};
    Instant until{};
};

/// The latest question to a third service.
struct CapacityAsk {
    AgentId via;
    std::uint64_t ask{0};
    std::uint32_t rps{0};
    Instant asked_at{};
};

struct Provider {
    RouteSettings route;
    Limits limits;
    Rng jitter;

    Phase phase{Phase::normal};
    Evidence looked;             ///< The last window.
    Evidence looked_before;      ///< The one that made us ask.
    Thread thread;               ///< Of the own incident.
    std::uint32_t bad_count{0};  ///< Windows in a row.
    std::uint32_t good_count{0};
    std::uint32_t since_count{0};    ///< Windows since the mode began.
    std::uint32_t held_permille{0};  ///< Of the last window, too.
    Instant hinted_until{Instant::min()};

    std::uint64_t ask{0};
    std::uint64_t order{0};  ///< Number of the last EnterMode.
    Instant ask_until{};
    Instant retry_at{};  ///< From then on a local fallback asks again.
    std::optional<Pending> pending;
    std::optional<Promise> held;
    std::optional<HeldGrant> grant;
    CapacityAsk capacity;
    Instant changed_at{};
    Instant degraded_at{};  ///< When the mode began, whatever its terms were since.
    FlapDamping flaps;
    Instant release_at{};
    std::uint32_t ramp_step{0};
    Instant ramp_at{};
};

/// One window of own measurements, and the incident that it belongs to.
struct Looked {
    Evidence evidence;
    Thread thread;
    /// Of a thousand calls so many were held back by the data plane and are not in the window.
    std::uint32_t held_permille{0};
};

/// The callee says that it struggles.
struct Hinted {};

/// The data plane's answer to EnterMode.
struct Applied {
    std::uint64_t number{0};
    bool is_in_force{false};  ///< Read back. False: refused, or not known.
};

/// After a restart: the data plane is in a mode that we know no promise of.
struct Found {
    Terms terms;
};

/// Time has passed; see `wake_at`.
struct Woken {};

using ProviderEvent = std::variant<Message, Looked, Hinted, Applied, Found, Woken>;

struct ProviderTurn {
    Provider provider;
    Deeds deeds;
};

/// One step. A message has to come from an inbox, from the callee or a third service of the route.
[[nodiscard]] ProviderTurn next(Provider provider,
                                const ProviderEvent& event,
                                const Standing& standing,
                                Instant now);

/// When it has to be woken at the latest; none: never.
[[nodiscard]] std::optional<Instant> wake_at(const Provider& provider);

}  // namespace homeostat::mesh
