#include "homeostat/net/http_client.hpp"

#include "homeostat/net/connection.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace homeostat::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

struct HttpClient::State {
    asio::any_io_executor executor;
    Peer peer;
    HttpLimits limits;
    std::optional<Connection> connection{};  ///< The kept one; empty when there is none.
    bool is_in_use{false};
    bool is_abandoned{false};  ///< Its client is gone: what has not begun is not sent any more.
};

namespace {

using State = HttpClient::State;

/// Marks a client as in use for as long as a request's frame lives.
class InUse {
  public:
    explicit InUse(std::shared_ptr<State> state) : state_(std::move(state)) {
        state_->is_in_use = true;
    }
    ~InUse() { state_->is_in_use = false; }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;

  private:
    std::shared_ptr<State> state_;
};

/// One way over the wire and back.
struct Attempt {
    Result<HttpResponse> reply;
    bool has_heard{false};  ///< At least one byte of a reply came.
};

/// REQUIRES: `wire` is that of state->connection. Drops the connection unless it can be used again.
template <class Wire>
Task<Attempt> attempt_over(Wire& wire,
                           std::shared_ptr<State> state,
                           const RequestMessage& message) {
    const Endpoint& endpoint = state->peer.endpoint;
    boost::system::error_code error;
    co_await http::async_write(wire, message, into(error));
    if (error) {
        Error failure = exchange_error(error, endpoint);
        state->connection.reset();
        co_return Attempt{std::unexpected(std::move(failure))};
    }
    http::response_parser<http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(state->limits.header_bytes_max));
    parser.body_limit(state->limits.body_bytes_max);
    parser.skip(message.method() == http::verb::head);
    beast::flat_buffer buffer;
    co_await http::async_read(wire, buffer, parser, into(error));
    const bool has_heard = parser.got_some();
    if (error) {
        Error failure = exchange_error(error, endpoint);
        state->connection.reset();
        co_return Attempt{std::unexpected(std::move(failure)), has_heard};
    }
    // Bytes after the reply belong to nothing that we asked for.
    if (!parser.get().keep_alive() || !message.keep_alive() || buffer.size() != 0) {
        state->connection.reset();
    }
    auto reply = parser.release();
    if (reply.result_int() < 200) {
        state->connection.reset();
        Error failure{Fault::broken, to_text(endpoint) + ": an interim reply we never asked for"};
        co_return Attempt{std::unexpected(std::move(failure)), has_heard};
    }
    HttpResponse response = response_of(reply, static_cast<int>(reply.result_int()), state->limits);
    response.body = std::move(reply.body());
    co_return Attempt{std::move(response), has_heard};
}

/// REQUIRES: state->connection is there and connected.
Task<Attempt> attempt(std::shared_ptr<State> state, const RequestMessage& message) {
    Connection& connection = *state->connection;
    if (connection.tls) {
        return attempt_over(*connection.tls, std::move(state), message);
    }
    return attempt_over(connection.stream, std::move(state), message);
}

bool is_reusable(State& state, Instant deadline) {
    return state.connection && is_open_and_silent(state.connection->stream) &&
           set_deadline(state.connection->stream, deadline);
}

Task<Result<HttpResponse>> exchange(std::shared_ptr<State> state,
                                    HttpRequest request,
                                    Instant deadline,
                                    bool is_last) {
    if (state->is_in_use) {
        co_return fail(Fault::busy,
                       to_text(state->peer.endpoint) + ": a request is in flight already");
    }
    const Result<RequestMessage> message =
        message_of(std::move(request), state->peer.endpoint, is_last);
    if (!message) {
        co_return std::unexpected(message.error());
    }
    const InUse in_use(state);
    if (is_reusable(*state, deadline)) {
        Attempt first = co_await attempt(state, *message);
        const bool is_closed_in_our_face =
            !first.reply && first.reply.error().fault == Fault::broken && !first.has_heard;
        if (!is_closed_in_our_face || message->method() != http::verb::get) {
            co_return std::move(first.reply);
        }
    }
    Result<void> connected =
        co_await connect(state->connection, state->peer, state->executor, deadline);
    if (!connected) {
        co_return std::unexpected(connected.error());
    }
    if (state->is_abandoned) {
        co_return std::unexpected(
            connect_error(asio::error::operation_aborted, state->peer.endpoint));
    }
    Attempt last = co_await attempt(state, *message);
    co_return std::move(last.reply);
}

}  // namespace

HttpClient::HttpClient(asio::any_io_executor executor, Endpoint endpoint, HttpLimits limits)
    : state_(std::make_shared<State>(
          std::move(executor), Peer{std::move(endpoint)}, std::move(limits))) {}

HttpClient::HttpClient(asio::any_io_executor executor, HttpsPeer peer, HttpLimits limits)
    : state_(std::make_shared<State>(
          executor, peer_of(executor, std::move(peer)), std::move(limits))) {}

HttpClient::HttpClient(HttpClient&& other) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&& other) noexcept = default;

HttpClient::~HttpClient() {
    if (!state_) {
        return;
    }
    state_->is_abandoned = true;
    if (state_->connection) {
        state_->connection->stream.close();
    }
}

Task<Result<HttpResponse>> HttpClient::request(HttpRequest request, Instant deadline) {
    return exchange(state_, std::move(request), deadline, false);
}

void HttpClient::disconnect() {
    if (!state_->is_in_use) {
        state_->connection.reset();
    }
}

Task<Result<HttpResponse>> request_once(asio::any_io_executor executor,
                                        Endpoint endpoint,
                                        HttpRequest request,
                                        Instant deadline,
                                        HttpLimits limits) {
    auto state =
        std::make_shared<State>(std::move(executor), Peer{std::move(endpoint)}, std::move(limits));
    return exchange(std::move(state), std::move(request), deadline, true);
}

}  // namespace homeostat::net
