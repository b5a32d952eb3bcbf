#pragma once

// What twelve of the kinds of message carry beside their envelope. In each pledge one side
// *provides* (keeps a promise) and the other *relies* (counts on it):
//
//   a reduced mode   the caller of a route provides, its callee relies
//   capacity         a third service provides, the caller relies
//
// `route` finds the pledge, `ask` ties an answer to a question, `pledge` numbers what the relying
// side offered within its epoch, `turn` its renewals. docs/pledges.md says when each is sent.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/mesh/names.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::mesh {

/// How I am. A hint: it may shorten how long a neighbour looks, and changes no mode.
struct Beacon {
    static constexpr std::string_view kind_name = "beacon";
    std::uint32_t level{0};           ///< Of the service: 0 well, 1 busy, 2 struggling, 3 failing.
    std::uint32_t queue_ms{0};        ///< Mean time that a request waits before work on it begins.
    std::uint32_t inflight_count{0};  ///< Requests begun and not answered.
    std::uint32_t floor_rps{0};       ///< Critical requests a second that it must be able to serve.
    std::uint32_t self_health{0};     ///< Of the agent itself: 0 well, 8 hardly alive.

    static void fields(auto& self, auto&& field) {
        field("level", self.level);
        field("queue_ms", self.queue_ms);
        field("inflight_count", self.inflight_count);
        field("floor_rps", self.floor_rps);
        field("self_health", self.self_health);
    }
    friend bool operator==(const Beacon&, const Beacon&) = default;
};

/// What a caller saw of a route in one window, first-hand.
struct Evidence {
    std::uint32_t errors_permille{0};  ///< Of its requests.
    std::uint32_t p95_ms{0};
    std::uint32_t queue_ms{0};   ///< Mean wait for the callee, at the caller's own edge.
    std::uint32_t window_ms{1};  ///< How long it looked.
    std::uint32_t requests_count{0};

    static void fields(auto& self, auto&& field) {
        field("errors_permille", self.errors_permille);
        field("p95_ms", self.p95_ms);
        field("queue_ms", self.queue_ms);
        field("window_ms", self.window_ms);
        field("requests_count", self.requests_count);
    }
    friend bool operator==(const Evidence&, const Evidence&) = default;
};

/// Caller to callee: you struggle; any of these modes I could take.
struct CallForProposals {
    static constexpr std::string_view kind_name = "cfp";
    RouteId route;
    std::uint64_t ask{0};
    std::vector<ModeId> menu;  ///< Best first for the caller's users; one to four.
    Evidence evidence;

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("ask", self.ask);
        field("menu", self.menu);
        field("evidence", self.evidence);
    }
    friend bool operator==(const CallForProposals&, const CallForProposals&) = default;
};

/// Callee to caller: take this mode and send me no more than this; I would count on it.
struct Offer {
    static constexpr std::string_view kind_name = "offer";
    RouteId route;
    std::uint64_t ask{0};
    std::uint64_t pledge{0};
    ModeId mode;
    std::uint32_t rps_max{0};
    std::uint32_t ttl_ms{0};

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("ask", self.ask);
        field("pledge", self.pledge);
        field("mode", self.mode);
        field("rps_max", self.rps_max);
        field("ttl_ms", self.ttl_ms);
    }
    friend bool operator==(const Offer&, const Offer&) = default;
};

enum class Reason : std::uint8_t {
    no_capacity,  ///< Nothing left to share, or too soon after a restart to know.
    not_mine,     ///< No such route, mode or neighbour in this side's catalogue.
    frozen,       ///< A person's switch, or much looks sick at once.
    self_sick,    ///< This agent is itself unwell, and accuses nobody.
    late,         ///< The answer came after the deadline of its question.
    floor,        ///< Below what critical requests need here.
    policy,       ///< Not allowed here: a longer promise, a second hop, a mode that did not apply.
};

constexpr auto names_of(std::type_identity<Reason>) {
    return std::to_array<std::string_view>(
        {"no_capacity", "not_mine", "frozen", "self_sick", "late", "floor", "policy"});
}

/// Either: no. `number` is the `ask` of a CFP or the `pledge` of an OFFER or RENEW.
struct Refuse {
    static constexpr std::string_view kind_name = "refuse";
    RouteId route;
    std::uint64_t number{0};
    Reason reason{Reason::policy};

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("number", self.number);
        field("reason", self.reason);
    }
    friend bool operator==(const Refuse&, const Refuse&) = default;
};

/// Caller to callee: I am in this mode, read back just now. The promise.
struct Accept {
    static constexpr std::string_view kind_name = "accept";
    RouteId route;
    std::uint64_t pledge{0};
    std::uint64_t turn{0};     ///< 0: of the OFFER; else of that RENEW.
    ModeId mode;               ///< What is in force, which may be less than was asked.
    std::uint32_t rps_max{0};  ///< Likewise.

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("pledge", self.pledge);
        field("turn", self.turn);
        field("mode", self.mode);
        field("rps_max", self.rps_max);
    }
    friend bool operator==(const Accept&, const Accept&) = default;
};

}  // namespace homeostat::mesh
