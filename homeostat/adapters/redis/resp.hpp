#pragma once

// RESP: Redis's protocol, as far as our commands need it. Where a cluster keeps what is read by
// slot_map.hpp, since that reply is of a shape of its own.
//
// Every reply is bounded: the number of its values, the bytes of each, the digits of a number. A
// reply that is not one of ours (a map, an array within an array, a push) is broken.
//
// Pure.

#include "homeostat/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace homeostat::adapters::redis {

constexpr std::size_t values_max = 64;
constexpr std::size_t value_bytes_max = std::size_t{16} << 10U;

/// An error of Redis's own: "WRONGPASS …", "LOADING …".
struct Complaint {
    std::string text;
};
using Values = std::vector<std::optional<std::string>>;  ///< Nothing: there is no such key.
/// "OK", "QUEUED": done, or taken down for later.
struct Word {
    std::string text;
};
using Reply = std::variant<Values, std::int64_t, Complaint, Word>;

/// The longest reply that is read: all values at their longest.
constexpr std::size_t reply_bytes_max = values_max * (value_bytes_max + 32);

/// The command as Redis wants it; words may hold any bytes.
[[nodiscard]] std::string command_of(const std::vector<std::string>& words);

/// Takes one reply from the front of `rest`; nothing, and `rest` left alone, while it is not whole.
/// ERRORS: broken.
[[nodiscard]] Result<std::optional<Reply>> take_reply(std::string_view& rest);

}  // namespace homeostat::adapters::redis
