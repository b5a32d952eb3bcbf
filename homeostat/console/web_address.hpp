#pragma once

// WebAddress: an address that people and chat tools have: https, or http on this machine.
//
// Without TLS anybody on the way could read a link and answer by it, so plain http ends at
// loopback. Credentials in an address are refused: they would be sent, logged and shown with it.
// What cannot be used is not repeated in an error: the address of a webhook is a secret itself.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::console {

constexpr std::size_t web_address_bytes_max = 1024;

struct WebAddress {
    bool is_tls{true};
    std::string host;  ///< A name in lower case, or a literal address without brackets.
    std::uint16_t port{443};
    std::string path{"/"};  ///< With its query.
    friend bool operator==(const WebAddress&, const WebAddress&) = default;
};

/// ERRORS: invalid, with the mend and without the text.
[[nodiscard]] Result<WebAddress> parse_web_address(std::string_view text);

/// "homeostat.example", "127.0.0.1:7443", "[::1]:7443": as a Host header has it.
[[nodiscard]] std::string authority_of(const WebAddress& address);

/// "https://homeostat.example": as an Origin header has it, and all of an address that is no
/// secret.
[[nodiscard]] std::string origin_of(const WebAddress& address);

}  // namespace homeostat::console
