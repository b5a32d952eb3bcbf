#pragma once

// Connection: a Stream, and TLS over it where the peer wants that.
//
// For net/*.cpp alone, like stream.hpp. Who reads and writes is a template over the two kinds of
// stream, so that without TLS nothing stands between Beast and the socket.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/name_lookup.hpp"
#include "homeostat/net/stream.hpp"
#include "homeostat/net/tls.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <memory>
#include <optional>
#include <string>

namespace homeostat::net {

struct TlsContext {
    boost::asio::ssl::context context{boost::asio::ssl::context::tls_client};
    std::string server_name;  ///< Empty: the host that is asked.
};

using TlsStream = boost::asio::ssl::stream<Stream&>;
using RequestMessage = boost::beast::http::request<boost::beast::http::string_body>;

struct Connection {
    explicit Connection(const boost::asio::any_io_executor& executor) : stream(executor) {}
    ~Connection() = default;
    Connection(const Connection&) = delete;  // `tls` names `stream`.
    Connection& operator=(const Connection&) = delete;

    Stream stream;
    std::optional<TlsStream> tls{};
};

/// Whom a client talks to.
struct Peer {
    /// With TLS its host may be a name: it is what errors and the Host header say.
    Endpoint endpoint;
    /// Owned by this and by whoever made it (tls.hpp). Null: there is no TLS.
    std::shared_ptr<TlsContext> tls{};
    std::optional<NameLookup> lookup{};  ///< With TLS only.
};

[[nodiscard]] Peer peer_of(const boost::asio::any_io_executor& executor, HttpsPeer peer);

/// Puts a connected and, with TLS, verified connection into `connection`, whose operations end by
/// `deadline` too. REQUIRES: both outlive the task.
/// ERRORS: unreachable, also when the peer does not prove who it is; late, full, invalid. The
/// connection is then empty, and nothing of any request was sent.
[[nodiscard]] Task<Result<void>> connect(std::optional<Connection>& connection,
                                         const Peer& peer,
                                         boost::asio::any_io_executor executor,
                                         Instant deadline);

/// What would let a caller's text become a second header, or a second request, is refused.
[[nodiscard]] Result<RequestMessage> message_of(HttpRequest request,
                                                const Endpoint& endpoint,
                                                bool is_last);

/// What of a reply's head is kept.
[[nodiscard]] HttpResponse response_of(const boost::beast::http::fields& head,
                                       int status,
                                       const HttpLimits& limits);

}  // namespace homeostat::net
