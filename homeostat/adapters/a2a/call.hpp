#pragma once

// Call: one request of JSON-RPC 2.0, read strictly, and the texts that answer it.
//
// A batch and a notification are refused: A2A has neither, and what nobody waits for an answer of
// would be carried out unseen.
//
// Pure. Values only.

#include "homeostat/adapters/a2a/refusal.hpp"
#include "homeostat/base/json.hpp"

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace homeostat::adapters::a2a {

/// A pledge has 1 KiB; the rest is for whoever talks to us in whole documents.
constexpr JsonLimits call_limits{.bytes_max = std::size_t{64} << 10U, .depth_max = 16};

struct Call {
    json::value id;  ///< A string, a whole number or null.
    std::string method;
    json::object params{};
};

/// Null is the id of whatever could not be read.
struct RefusedCall {
    json::value id;
    Refusal refusal;
};

[[nodiscard]] std::expected<Call, RefusedCall> parse_call(std::string_view body);

[[nodiscard]] std::string result_text(const json::value& id, json::value result);
[[nodiscard]] std::string error_text(const json::value& id, const Refusal& refusal);

}  // namespace homeostat::adapters::a2a
