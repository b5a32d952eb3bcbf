#pragma once

// The rest of the twelve kinds: what keeps a pledge and ends it, and the pledge of capacity.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/mesh/message_bodies.hpp"
#include "homeostat/mesh/names.hpp"

#include <cstdint>
#include <string_view>

namespace homeostat::mesh {

/// Callee to caller: promise it again, on these terms if you will. ACCEPT answers.
struct Renew {
    static constexpr std::string_view kind_name = "renew";
    RouteId route;
    std::uint64_t pledge{0};
    std::uint64_t turn{1};
    ModeId mode;
    std::uint32_t rps_max{0};
    std::uint32_t ttl_ms{0};

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("pledge", self.pledge);
        field("turn", self.turn);
        field("mode", self.mode);
        field("rps_max", self.rps_max);
        field("ttl_ms", self.ttl_ms);
    }
    friend bool operator==(const Renew&, const Renew&) = default;
};

/// Caller to callee: I would leave early; say when you no longer count on it. REVOKE answers.
struct Release {
    static constexpr std::string_view kind_name = "release";
    RouteId route;
    std::uint64_t pledge{0};

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("pledge", self.pledge);
    }
    friend bool operator==(const Release&, const Release&) = default;
};

/// Callee to caller: I do not count on it any more.
struct Revoke {
    static constexpr std::string_view kind_name = "revoke";
    RouteId route;
    std::uint64_t pledge{0};

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("pledge", self.pledge);
    }
    friend bool operator==(const Revoke&, const Revoke&) = default;
};

/// Caller to a third service, before any traffic moves there, and again to renew.
struct RequestCapacity {
    static constexpr std::string_view kind_name = "req_cap";
    RouteId route;
    std::uint64_t ask{0};
    std::uint32_t rps{0};
    std::uint32_t ttl_ms{0};

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("ask", self.ask);
        field("rps", self.rps);
        field("ttl_ms", self.ttl_ms);
    }
    friend bool operator==(const RequestCapacity&, const RequestCapacity&) = default;
};

/// The third service: you may send that much. The promise.
struct Grant {
    static constexpr std::string_view kind_name = "grant";
    RouteId route;
    std::uint64_t ask{0};
    std::uint32_t rps{0};
    std::uint32_t ttl_ms{0};

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("ask", self.ask);
        field("rps", self.rps);
        field("ttl_ms", self.ttl_ms);
    }
    friend bool operator==(const Grant&, const Grant&) = default;
};

/// The third service: no.
struct Deny {
    static constexpr std::string_view kind_name = "deny";
    RouteId route;
    std::uint64_t ask{0};
    Reason reason{Reason::no_capacity};

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("ask", self.ask);
        field("reason", self.reason);
    }
    friend bool operator==(const Deny&, const Deny&) = default;
};

/// Caller to callee, at the end of a pledge, for both ledgers: what users got under it at last.
struct OutcomeReport {
    static constexpr std::string_view kind_name = "outcome";
    RouteId route;
    std::uint64_t pledge{0};
    std::uint32_t goodput_rps{0};  ///< Requests a second that were answered well.
    std::uint32_t errors_permille{0};

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("pledge", self.pledge);
        field("goodput_rps", self.goodput_rps);
        field("errors_permille", self.errors_permille);
    }
    friend bool operator==(const OutcomeReport&, const OutcomeReport&) = default;
};

}  // namespace homeostat::mesh
