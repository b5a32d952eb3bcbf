#pragma once

// HttpRequest and HttpResponse: HTTP messages as plain values, the same on both sides.
//
// Only what Homeostat's own traffic needs: one content type, a body in memory, a few headers. Of
// the headers of a received message those are kept that its reader asked for by name: whoever
// sends a thousand others fills nothing. A response of a server may come in pieces instead of a
// body, for events that are told as they happen.
//
// Values only, but for `more`, which the server awaits.

#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::net {

/// Names compare without their case; a name may stand more than once.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The value of the first header of this name; empty: there is none.
[[nodiscard]] std::string_view header_of(const HttpHeaders& headers, std::string_view name);

/// The values of all headers of this name, with commas between: a list may stand in several
/// (RFC 9110, 5.3).
[[nodiscard]] std::string joined_header_of(const HttpHeaders& headers, std::string_view name);

/// Says whether the pair is one header on the wire: a text from outside in it could otherwise
/// become a second header, or a second message.
[[nodiscard]] bool is_sendable(std::string_view name, std::string_view value);

/// Who is at the other end of a UNIX socket, from the kernel (SO_PEERCRED).
struct PeerCredentials {
    std::int32_t pid{0};
    std::uint32_t uid{0};
};

struct HttpRequest {
    std::string method{"GET"};
    std::string path{"/"};  ///< With its query, as it stands on the wire.
    std::string body{};
    std::string content_type{};             ///< Empty: none.
    HttpHeaders headers{};                  ///< Further ones. Received: those that are kept.
    std::optional<PeerCredentials> peer{};  ///< Set by a server on a UNIX socket only.
};

/// A part of a body that is made while it is sent.
struct HttpPiece {
    std::string bytes{};  ///< Empty: there is nothing new yet.
    bool is_last{false};
};

/// Gives the next piece. Returns by `deadline`, with an empty one if need be.
using HttpMore = std::function<Task<HttpPiece>(Instant deadline)>;

struct HttpResponse {
    int status{200};
    std::string body{};
    std::string content_type{"application/json"};
    HttpHeaders headers{};  ///< Further ones. Received: those that are kept.
    HttpMore more{};        ///< Set: the body is what this gives, piece by piece. Servers only.
};

struct HttpLimits {
    std::size_t header_bytes_max{std::size_t{16} << 10U};
    std::size_t body_bytes_max{std::size_t{1} << 20U};  ///< 1 MiB: no message of ours comes near.
    std::vector<std::string> headers_kept{};            ///< Of a reply, by name.
};

}  // namespace homeostat::net
