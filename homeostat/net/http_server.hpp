#pragma once

// HttpServer: HTTP/1.1 for a few clients: the control socket, a metrics page, neighbours.
//
// Everything that a client can make us hold has a maximum: bytes of a header and a body, time for a
// request to arrive whole (so that a client that sends one byte a second is cut), time a kept
// connection may be silent, connections. When all connections are taken, the one that has been
// silent longest makes room. A response in pieces holds its connection, so there are few of them,
// each has an end, and stop() cuts them. There is no TLS; UNIX sockets (mode 0600) and loopback are
// served, and what other machines reach is by listen_openly() alone.
//
// Not thread-safe; lives on the strand of its executor. stop() is awaited before destruction,
// unless the executor's context never runs again.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_message.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace homeostat::net {

/// Answers one request. Keeps its own deadlines; several may run at once. What it throws becomes
/// a 500 without a reason: the text of an exception is not for a client. So does a header that
/// cannot be sent.
using HttpAnswer = std::function<Task<HttpResponse>(HttpRequest)>;

struct HttpServerLimits {
    std::size_t connections_max{32};  ///< A person, a script and a few watchers.
    std::size_t header_bytes_max{std::size_t{8} << 10U};
    std::size_t body_bytes_max{std::size_t{64} << 10U};  ///< The largest is a posted change.
    Duration request_for_max{std::chrono::seconds{5}};   ///< From its first byte to its last.
    Duration idle_for_max{std::chrono::seconds{30}};     ///< A kept connection's silence.
    Duration write_for_max{std::chrono::seconds{5}};     ///< For a client that does not read.
    std::size_t streams_max{8};                          ///< Responses in pieces; 503 beyond.
    std::size_t stream_bytes_max{std::size_t{4} << 20U};
    Duration stream_for_max{std::chrono::minutes{10}};   ///< Its client asks again.
    Duration stream_wait_max{std::chrono::seconds{15}};  ///< For a piece; then we look who is left.
    std::vector<std::string> headers_kept{};             ///< Of a request, by name.
};

class HttpServer {
  public:
    HttpServer(boost::asio::any_io_executor executor,
               HttpAnswer answer,
               HttpServerLimits limits = {});
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    HttpServer(HttpServer&&) = delete;
    HttpServer& operator=(HttpServer&&) = delete;

    /// Begins to accept. A stale socket file is replaced. May be called for several endpoints.
    /// ERRORS: busy (somebody listens there already), invalid (not local), full (no right).
    [[nodiscard]] Result<void> listen(const Endpoint& endpoint);

    /// The same for an address that other machines reach. Whoever calls it answers to strangers.
    [[nodiscard]] Result<void> listen_openly(const Endpoint& endpoint);

    /// The port of the first TCP endpoint; 0 without one.
    [[nodiscard]] std::uint16_t port() const;

    /// Accepts no more, cuts what is sent in pieces, lets other requests in hand end until
    /// `deadline`, then cuts the rest. Nothing of this server runs any more when it returns.
    [[nodiscard]] Task<void> stop(Instant deadline);

    struct State;

  private:
    /// Owned by the server and by each of its running tasks: when an io_context is destroyed,
    /// frames that still wait in it are destroyed after the server.
    std::shared_ptr<State> state_;
};

}  // namespace homeostat::net
