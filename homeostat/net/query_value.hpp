#pragma once

// A text as one value of a URL's query.
//
// Pure.

#include <string>
#include <string_view>

namespace homeostat::net {

/// Every byte that RFC 3986, 2.3, does not leave alone as %XX: whatever the text is, and whosever
/// word, it stays one value.
[[nodiscard]] std::string to_query_value(std::string_view text);

}  // namespace homeostat::net
