#include "homeostat/net/http_lines.hpp"

#include "homeostat/net/connection.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

namespace homeostat::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

struct HttpLines::State {
    asio::any_io_executor executor;
    Peer peer;
    LineLimits limits;
    std::optional<Connection> connection{};
    http::response_parser<http::string_body> parser{};
    beast::flat_buffer buffer{};
    std::string pending{};          ///< Of the body, not given yet.
    std::size_t searched_count{0};  ///< Of its bytes: none of them is a newline.
    std::size_t given_count{0};     ///< Of its bytes: they were given and are to be dropped.
    bool is_open{false};            ///< The head of a 200 has come.
    bool is_closed{false};          ///< By its owner.
};

namespace {

using State = HttpLines::State;
using Line = std::optional<std::string>;

/// What a silent stream cannot tell by itself: whether anybody is left at its other end.
void probe_when_silent(Stream& stream) {
    const int socket = stream.socket().native_handle();
    const auto set = [socket](int level, int name, int value) {
        // A socket that cannot is one of UNIX, whose other end cannot vanish unnoticed.
        static_cast<void>(::setsockopt(socket, level, name, &value, sizeof value));
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

Error closed_by_us(const State& state) {
    return {Fault::late, to_text(state.peer.endpoint) + ": the stream was closed on our side"};
}

/// Ends the stream with what `error` means.
std::unexpected<Error> give_up(State& state, const boost::system::error_code& error) {
    Error failure =
        state.is_closed ? closed_by_us(state) : exchange_error(error, state.peer.endpoint);
    state.connection.reset();
    return std::unexpected<Error>(std::move(failure));
}

template <class Wire>
Task<Result<HttpResponse>> open_over(Wire& wire,
                                     std::shared_ptr<State> state,
                                     const RequestMessage& message) {
    boost::system::error_code error;
    co_await http::async_write(wire, message, into(error));
    if (!error) {
        co_await http::async_read_header(wire, state->buffer, state->parser, into(error));
    }
    if (error) {
        co_return give_up(*state, error);
    }
    const auto status = static_cast<int>(state->parser.get().result_int());
    if (status == 200) {
        state->is_open = true;
        state->parser.body_limit(boost::none);  // It has no end; a line has.
        co_return response_of(state->parser.get(), status, state->limits.reply);
    }
    co_await http::async_read(wire, state->buffer, state->parser, into(error));
    if (error) {
        co_return give_up(*state, error);
    }
    HttpResponse response = response_of(state->parser.get(), status, state->limits.reply);
    response.body = std::move(state->parser.get().body());
    state->connection.reset();
    co_return response;
}

Task<Result<HttpResponse>> open_on(std::shared_ptr<State> state,
                                   HttpRequest request,
                                   Instant deadline) {
    const Result<RequestMessage> message =
        message_of(std::move(request), state->peer.endpoint, true);
    if (!message) {
        co_return std::unexpected(message.error());
    }
    state->parser.header_limit(static_cast<std::uint32_t>(state->limits.reply.header_bytes_max));
    state->parser.body_limit(state->limits.reply.body_bytes_max);
    Result<void> connected =
        co_await connect(state->connection, state->peer, state->executor, deadline);
    if (!connected) {
        co_return std::unexpected(connected.error());
    }
    if (state->is_closed) {
        state->connection.reset();
        co_return std::unexpected(closed_by_us(*state));
    }
    Connection& connection = *state->connection;
    probe_when_silent(connection.stream);
    if (connection.tls) {
        Result<HttpResponse> reply = co_await open_over(*connection.tls, state, *message);
        co_return reply;
    }
    Result<HttpResponse> reply = co_await open_over(connection.stream, state, *message);
    co_return reply;
}

/// The next whole line of what has come.
Line line_of(State& state) {
    const std::size_t end = state.pending.find('\n', state.searched_count);
    if (end == std::string::npos) {
        // Dropped at once for many lines, not once for each.
        state.pending.erase(0, state.given_count);
        state.given_count = 0;
        state.searched_count = state.pending.size();
        return std::nullopt;
    }
    Line line = state.pending.substr(state.given_count, end - state.given_count);
    state.given_count = end + 1;
    state.searched_count = end + 1;
    return line;
}

template <class Wire>
Task<Result<Line>> next_over(Wire& wire, std::shared_ptr<State> state) {
    while (true) {
        Line line = line_of(*state);
        const std::size_t bytes = line ? line->size() : state->pending.size();
        if (bytes > state->limits.line_bytes_max) {
            state->connection.reset();
            co_return fail(Fault::broken, fmt::format("{}: a line has more than {} bytes",
                                                      to_text(state->peer.endpoint),
                                                      state->limits.line_bytes_max));
        }
        if (line) {
            co_return line;
        }
        if (state->parser.is_done()) {
            state->connection.reset();
            co_return Line{};
        }
        boost::system::error_code error;
        co_await http::async_read_some(wire, state->buffer, state->parser, into(error));
        if (error) {
            co_return give_up(*state, error);
        }
        std::string& body = state->parser.get().body();
        state->pending += body;
        body.clear();
    }
}

Task<Result<Line>> next_on(std::shared_ptr<State> state, Instant deadline) {
    if (state->is_closed) {
        co_return std::unexpected(closed_by_us(*state));
    }
    if (!state->connection || !state->is_open) {
        co_return fail(Fault::broken, to_text(state->peer.endpoint) + ": the stream is over");
    }
    Connection& connection = *state->connection;
    if (!set_deadline(connection.stream, deadline)) {
        co_return give_up(*state, beast::error::timeout);
    }
    if (connection.tls) {
        Result<Line> line = co_await next_over(*connection.tls, state);
        co_return line;
    }
    Result<Line> line = co_await next_over(connection.stream, state);
    co_return line;
}

}  // namespace

HttpLines::HttpLines(asio::any_io_executor executor, Endpoint endpoint, LineLimits limits)
    : state_(std::make_shared<State>(
          std::move(executor), Peer{std::move(endpoint)}, std::move(limits))) {}

HttpLines::HttpLines(asio::any_io_executor executor, HttpsPeer peer, LineLimits limits)
    : state_(std::make_shared<State>(
          executor, peer_of(executor, std::move(peer)), std::move(limits))) {}

HttpLines::~HttpLines() {
    close();
}

Task<Result<HttpResponse>> HttpLines::open(HttpRequest request, Instant deadline) {
    return open_on(state_, std::move(request), deadline);
}

Task<Result<Line>> HttpLines::next(Instant deadline) {
    return next_on(state_, deadline);
}

void HttpLines::close() {
    state_->is_closed = true;
    if (state_->connection) {
        state_->connection->stream.close();
    }
}

}  // namespace homeostat::net
