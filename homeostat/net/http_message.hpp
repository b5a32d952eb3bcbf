#pragma once

// HttpRequest and HttpResponse: HTTP messages as plain values, the same on both sides.
//
// Only what Homeostat's own traffic needs: one content type, a body in memory, a few extra headers
// on the way out. Nothing streams.
//
// Pure. Values only.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::net {

/// Who is at the other end of a UNIX socket, from the kernel (SO_PEERCRED).
struct PeerCredentials {
    std::int32_t pid{0};
    std::uint32_t uid{0};
};

struct HttpRequest {
    std::string method{"GET"};
    std::string path{"/"};  ///< With its query, as it stands on the wire.
    std::string body{};
    std::string content_type{};                                  ///< Empty: none.
    std::vector<std::pair<std::string, std::string>> headers{};  ///< Further ones; sent, not read.
    std::optional<PeerCredentials> peer{};  ///< Set by a server on a UNIX socket only.
};

struct HttpResponse {
    int status{200};
    std::string body{};
    std::string content_type{"application/json"};
};

struct HttpLimits {
    std::size_t header_bytes_max{std::size_t{16} << 10U};
    std::size_t body_bytes_max{std::size_t{1} << 20U};  ///< 1 MiB: no message of ours comes near.
};

}  // namespace homeostat::net
