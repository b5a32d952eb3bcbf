#pragma once

// A text as one value of a URL's query, and back.
//
// Pure.

#include <optional>
#include <string>
#include <string_view>

namespace homeostat::net {

/// Every byte that RFC 3986, 2.3, does not leave alone as %XX: whatever the text is, and whosever
/// word, it stays one value.
[[nodiscard]] std::string to_query_value(std::string_view text);

/// And back, from a query or a part of a path. Nothing: a % is followed by what is no number, or a
/// byte stands there that may not.
[[nodiscard]] std::optional<std::string> parse_query_value(std::string_view value);

}  // namespace homeostat::net
