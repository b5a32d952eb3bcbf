#pragma once

// A file of headers: lines "Name: value", as a person writes them. What stands behind the colon may
// be a token, so no error repeats it.
//
// Pure. Thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/net/http_message.hpp"

#include <cstddef>
#include <string_view>

namespace homeostat::net {

constexpr std::size_t header_file_bytes_max = std::size_t{16} << 10U;
constexpr std::size_t headers_max = 16;

/// Empty lines are passed over. ERRORS: invalid, with the number of the line.
[[nodiscard]] Result<HttpHeaders> parse_header_file(std::string_view text);

}  // namespace homeostat::net
