#pragma once

// The parts that RESP's replies are made of: lines, numbers, values. For the parsers of whole
// replies (resp.hpp, slot_map.hpp), which bound how many of them there may be.
//
// Each takes its part from the front of `rest`. Where it says that the part is not whole, or
// broken, `rest` may have been cut already: whoever asks keeps a view of his own.
//
// Pure.

#include "homeostat/base/result.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace homeostat::adapters::redis {

/// Not all of it has come.
struct NotWhole {};
template <class T>
using Taken = std::expected<T, std::variant<NotWhole, Error>>;

[[nodiscard]] std::unexpected<std::variant<NotWhole, Error>> broken_part(std::string text);
[[nodiscard]] std::unexpected<std::variant<NotWhole, Error>> not_whole();

/// Up to the next "\r\n", which is taken as well.
[[nodiscard]] Taken<std::string_view> take_line(std::string_view& rest);

/// "12\r\n".
[[nodiscard]] Taken<std::int64_t> take_number(std::string_view& rest);

/// ":12\r\n", or whatever `kind` of reply begins with a number.
[[nodiscard]] Taken<std::int64_t> take_number_of(char kind, std::string_view& rest);

/// "$5\r\nhello\r\n", or "$-1\r\n" for none.
[[nodiscard]] Taken<std::optional<std::string>> take_value(std::string_view& rest);

}  // namespace homeostat::adapters::redis
