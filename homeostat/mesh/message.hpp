#pragma once

// Message: what one agent says to a neighbour, and in which JSON (docs/pledges.md).
//
// Twelve kinds and no other. Numbers are whole and times are spans of milliseconds: no instant of
// one machine is ever compared with one of another. Every field has a bound, and `objection_to`
// says which is not kept. A message names no sender that it was not signed by; that is for
// wire.hpp, and whether it is new for inbox.hpp.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/mesh/message_bodies.hpp"
#include "homeostat/mesh/message_bodies_kept.hpp"
#include "homeostat/mesh/message_bodies_precedence.hpp"
#include "homeostat/mesh/names.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace homeostat::mesh {

using Body = std::variant<Beacon,
                          CallForProposals,
                          Offer,
                          Refuse,
                          Accept,
                          Renew,
                          Release,
                          Revoke,
                          RequestCapacity,
                          Grant,
                          Deny,
                          OutcomeReport,
                          Intend,
                          Word>;

/// Why the two agents speak: the asking side's incident, and its trace for whoever follows it.
struct Thread {
    IncidentId incident;
    std::string traceparent;  ///< SOURCE: W3C Trace Context, version 00.

    friend bool operator==(const Thread&, const Thread&) = default;
};

struct Message {
    std::uint32_t version{1};
    AgentId from;
    AgentId to;
    std::uint64_t epoch{0};     ///< The sender's: rises, and is durable, before it first speaks.
    std::uint64_t to_epoch{0};  ///< The receiver's as the sender knows it. 0, in a BEACON: not yet.
    std::uint64_t sequence{0};  ///< Of the sender to this receiver; rises within an epoch.
    std::uint64_t sent_ms{0};  ///< Of the sender's own clock; only differences of it mean anything.
    std::uint32_t valid_ms{0};  ///< Older than this on arrival, it is refused as late.
    Thread thread;              ///< Empty in a BEACON, and only there.
    Body body;

    static void fields(auto& self, auto&& field) {
        field("v", self.version);
        field("from", self.from);
        field("to", self.to);
        field("epoch", self.epoch);
        field("to_epoch", self.to_epoch);
        field("sequence", self.sequence);
        field("sent_ms", self.sent_ms);
        field("valid_ms", self.valid_ms);
        field("incident", self.thread.incident);
        field("traceparent", self.thread.traceparent);
        field("body", self.body);
    }
    friend bool operator==(const Message&, const Message&) = default;
};

constexpr std::uint32_t message_version = 1;
/// Every reader of JSON holds whole numbers up to here exactly. SOURCE: RFC 8259, section 6.
constexpr std::uint64_t number_max = (std::uint64_t{1} << 53U) - 1;
constexpr std::uint32_t valid_ms_max = 60'000;
constexpr std::uint32_t ttl_ms_min = 2'000;     ///< A shorter pledge ends between two renewals.
constexpr std::uint32_t ttl_ms_max = 60'000;    ///< Longer, a lost neighbour holds a mode on.
constexpr std::uint32_t rate_max = 10'000'000;  ///< Requests a second; more than any one service.
constexpr std::uint32_t word_ms_max = 10'000;   ///< A word that holds up for longer is none.
constexpr std::size_t menu_count_max = 4;

/// The first field that does not keep its bound, as a sentence; none: all do.
[[nodiscard]] std::optional<std::string> objection_to(const Message& message);

/// 00-, 32 and 16 lower-case hex digits that are not all zero, two digits of flags.
[[nodiscard]] bool is_traceparent(std::string_view text);

/// How long a message of this kind is worth anything once it is under way.
[[nodiscard]] Duration valid_for(const Body& body);

}  // namespace homeostat::mesh
