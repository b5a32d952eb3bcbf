#pragma once

// HttpsAddress: where a receiver over TLS is, from an address that a person wrote down.
//
// Its host may be a name: the certificate says whether the right machine answers (tls.hpp).
//
// Pure. Values only.

#include "homeostat/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::net {

struct HttpsAddress {
    std::string host;  ///< A name, or a literal address without brackets.
    std::uint16_t port{443};
    std::string path{"/"};  ///< With its query.
    friend bool operator==(const HttpsAddress&, const HttpsAddress&) = default;
};

/// Reads "https://audit.example:8443/events?from=eu". ERRORS: invalid, with what is wrong; a user,
/// a password and a #fragment are.
[[nodiscard]] Result<HttpsAddress> parse_https_address(std::string_view text);

}  // namespace homeostat::net
