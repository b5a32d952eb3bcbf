#pragma once

// The methods of A2A 1.0 by name: what a call comes to, before it is put into HTTP.
//
// Pure but for the desk.

#include "homeostat/adapters/a2a/call.hpp"
#include "homeostat/adapters/a2a/desk.hpp"
#include "homeostat/adapters/a2a/reply.hpp"

#include <expected>
#include <variant>

namespace homeostat::adapters::a2a {

/// What a method works with.
struct Premises {
    const Desk& desk;
    Names& names;
    bool has_recovery{false};  ///< The client named our extension.
};

/// A message that a client wants as a stream: it is the only event of it.
struct OnlyEvent {
    json::object result;
};

using Outcome = std::expected<std::variant<json::object, OnlyEvent, Follow, Wait>, Refusal>;

/// ERRORS: any but those of JSON-RPC's own form, which parse_call finds.
[[nodiscard]] Outcome carry_out(const Call& call, Premises premises);

}  // namespace homeostat::adapters::a2a
