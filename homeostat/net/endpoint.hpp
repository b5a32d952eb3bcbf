#pragma once

// Endpoint: where a peer listens. A TCP address with a port, or the path of a UNIX socket.
//
// Hosts are literal addresses or `localhost`. Names are refused: a resolver that hangs while the
// service is down would make us as slow as what we guard, and a name may mean another machine from
// one minute to the next.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace homeostat::net {

struct TcpEndpoint {
    std::string host{"127.0.0.1"};  ///< A literal IPv4 or IPv6 address, without brackets.
    std::uint16_t port{0};          ///< 0: any free port, for servers only.
    friend bool operator==(const TcpEndpoint&, const TcpEndpoint&) = default;
};

struct UnixEndpoint {
    std::string path;  ///< 1…107 bytes: the kernel's maximum.
    friend bool operator==(const UnixEndpoint&, const UnixEndpoint&) = default;
};

using Endpoint = std::variant<TcpEndpoint, UnixEndpoint>;

struct Address {
    Endpoint endpoint;
    std::string path{"/"};  ///< Of the HTTP request, with its query.
    friend bool operator==(const Address&, const Address&) = default;
};

/// Reads "http://127.0.0.1:80/path?query", "http://[::1]:80" or "unix:/run/x.sock".
/// ERRORS: invalid, with the mend.
[[nodiscard]] Result<Address> parse_endpoint(std::string_view text);

/// A UNIX socket at `path`. ERRORS: invalid: empty, too long or with a NUL byte.
[[nodiscard]] Result<Endpoint> unix_endpoint(std::string_view path);

/// "127.0.0.1:80", "[::1]:80" or "unix:/run/x.sock".
[[nodiscard]] std::string to_text(const Endpoint& endpoint);

/// True for a UNIX socket and for 127.0.0.0/8 and ::1.
[[nodiscard]] bool is_local(const Endpoint& endpoint);

}  // namespace homeostat::net
