#include "homeostat/net/http_server.hpp"

#include "homeostat/net/listener.hpp"
#include "homeostat/net/stream.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <list>
#include <optional>

namespace homeostat::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

using Socket = asio::generic::stream_protocol::socket;
using RequestMessage = http::request<http::string_body>;

constexpr std::size_t first_bytes_max = 4096;
constexpr auto pause_for = std::chrono::milliseconds{5};

struct Session {
    Session(Socket socket, Instant now) : stream(std::move(socket)), idle_since(now) {}

    Stream stream;
    beast::flat_buffer buffer;
    asio::cancellation_signal stop;
    std::optional<PeerCredentials> peer{};
    std::optional<Instant> idle_since;  ///< Absent while a request is being read or answered.
    bool is_fresh{true};                ///< No request has come yet.
    bool is_streaming{false};           ///< A response is sent in pieces.
};

using SessionPlace = std::list<Session>::iterator;

}  // namespace

struct HttpServer::State {
    State(asio::any_io_executor its_executor, HttpAnswer its_answer, HttpServerLimits its_limits)
        : executor(std::move(its_executor)), answer(std::move(its_answer)), limits(its_limits) {}

    asio::any_io_executor executor;
    HttpAnswer answer;
    HttpServerLimits limits;
    std::list<Listener> listeners;
    std::list<Session> sessions;
    std::size_t tasks_count{0};
    std::size_t streams_count{0};
    bool is_stopping{false};
};

namespace {

using StatePtr = std::shared_ptr<HttpServer::State>;

/// Counts a stream for as long as its frame lives.
class InStream {
  public:
    InStream(StatePtr state, SessionPlace session) : state_(std::move(state)), session_(session) {
        ++state_->streams_count;
        session_->is_streaming = true;
    }
    ~InStream() {
        --state_->streams_count;
        session_->is_streaming = false;
    }
    InStream(const InStream&) = delete;
    InStream& operator=(const InStream&) = delete;

  private:
    StatePtr state_;
    SessionPlace session_;
};

std::optional<PeerCredentials> credentials_of(Socket& socket) {
    const auto local = socket.local_endpoint();
    if (local.protocol().family() != AF_UNIX) {
        return std::nullopt;
    }
    ucred found{};
    socklen_t size = sizeof(found);
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &found, &size) != 0) {
        return std::nullopt;
    }
    return PeerCredentials{found.pid, found.uid};
}

/// Before looking again. Both who wait like this (for a place, for the last task) do so rarely.
Task<void> pause(StatePtr state) {
    asio::steady_timer timer(state->executor, pause_for);
    boost::system::error_code cancelled;
    co_await timer.async_wait(into(cancelled));
}

HttpResponse plain_text(int status, std::string text) {
    return {.status = status, .body = std::move(text), .content_type = "text/plain"};
}

bool has_sendable_headers(const HttpResponse& response) {
    return is_sendable("Content-Type", response.content_type) &&
           std::ranges::all_of(response.headers, [](const auto& header) {
               return is_sendable(header.first, header.second);
           });
}

Task<HttpResponse> answer_safely(StatePtr state, HttpRequest request) {
    try {
        HttpResponse response = co_await state->answer(std::move(request));
        if (has_sendable_headers(response)) {
            co_return response;
        }
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the 500 below tells of it.
    }
    co_return plain_text(500, "the request could not be answered\n");
}

template <class Message>
void set_header(Message& message, const HttpResponse& response, bool is_last) {
    if (!response.content_type.empty()) {
        message.set(http::field::content_type, response.content_type);
    }
    for (const auto& [name, value] : response.headers) {
        message.set(name, value);
    }
    message.keep_alive(!is_last);
}

Task<boost::system::error_code> write(SessionPlace session,
                                      HttpResponse response,
                                      bool is_last,
                                      Duration for_max) {
    http::response<http::string_body> message{static_cast<http::status>(response.status), 11};
    set_header(message, response, is_last);
    // A 304 tells of a body that it does not have, and its length would be that one's.
    if (message.result() != http::status::not_modified) {
        message.body() = std::move(response.body);
        message.prepare_payload();
    }
    session->stream.expires_after(for_max);
    boost::system::error_code error;
    co_await http::async_write(session->stream, message, into(error));
    co_return error;
}

/// What a client is told about a request that we do not read to its end; nothing if it is gone.
std::optional<HttpResponse> refusal_for(const boost::system::error_code& error) {
    if (error == http::error::body_limit) {
        return plain_text(413, "the body is larger than allowed\n");
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        return plain_text(431, "the header is larger than allowed\n");
    }
    if (error == beast::error::timeout) {
        return std::nullopt;  // Beast has closed the socket.
    }
    const bool is_unreadable =
        error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message;
    return is_unreadable ? std::optional(plain_text(400, "this is no HTTP request\n"))
                         : std::nullopt;
}

/// Waits for the first byte of a request. False when none came, for whatever reason.
Task<bool> hears_something(StatePtr state, SessionPlace session) {
    if (session->buffer.size() != 0) {
        co_return true;
    }
    session->idle_since = boot_now();
    // A fresh connection is opened to be used at once.
    const Duration idle_for =
        session->is_fresh ? state->limits.request_for_max : state->limits.idle_for_max;
    session->stream.expires_after(idle_for);
    boost::system::error_code error;
    const auto room = session->buffer.prepare(first_bytes_max);
    const std::size_t size = co_await session->stream.async_read_some(room, into(error));
    session->buffer.commit(size);
    session->idle_since.reset();
    session->is_fresh = false;
    co_return !error;
}

HttpRequest request_of(RequestMessage message,
                       const std::optional<PeerCredentials>& peer,
                       const std::vector<std::string>& headers_kept) {
    HttpRequest request;
    request.method = std::string(message.method_string());
    request.path = std::string(message.target());
    request.content_type = std::string(message[http::field::content_type]);
    for (const std::string& name : headers_kept) {
        const auto [begin, end] = message.equal_range(name);
        for (auto field = begin; field != end; ++field) {
            request.headers.emplace_back(name, std::string(field->value()));
        }
    }
    request.body = std::move(message.body());
    request.peer = peer;
    return request;
}

/// Why this response is not sent in pieces to whoever asked so.
std::optional<HttpResponse> refusal_of_stream(const HttpServer::State& state, bool has_chunks) {
    if (!has_chunks) {
        return plain_text(505, "what is asked for comes in chunks, which HTTP/1.1 has\n");
    }
    return state.streams_count >= state.limits.streams_max
               ? std::optional(plain_text(503, "as many follow already as may\n"))
               : std::nullopt;
}

/// Sends what the response gives until its last piece. A client that gets no last chunk knows that
/// it was cut: the server stops, or a limit is reached.
Task<void> send_pieces(StatePtr state, SessionPlace session, HttpResponse response) {
    const InStream in_stream(state, session);
    const HttpServerLimits& limits = state->limits;
    http::response<http::empty_body> header{static_cast<http::status>(response.status), 11};
    set_header(header, response, true);
    header.chunked(true);
    http::response_serializer<http::empty_body> serializer(header);
    boost::system::error_code error;
    session->stream.expires_after(limits.write_for_max);
    co_await http::async_write_header(session->stream, serializer, into(error));
    const Instant ends_at = boot_now() + limits.stream_for_max;
    std::size_t bytes_left = limits.stream_bytes_max;
    while (!error && !state->is_stopping && boot_now() < ends_at) {
        const Instant deadline = std::min(ends_at, boot_now() + limits.stream_wait_max);
        const HttpPiece piece = co_await response.more(deadline);
        if (piece.bytes.size() > bytes_left) {
            co_return;
        }
        bytes_left -= piece.bytes.size();
        session->stream.expires_after(limits.write_for_max);
        if (!piece.bytes.empty()) {
            const auto chunk = http::make_chunk(asio::buffer(piece.bytes));
            co_await asio::async_write(session->stream, chunk, into(error));
        }
        if (!error && piece.is_last) {
            const auto chunk = http::make_chunk_last();
            co_await asio::async_write(session->stream, chunk, into(error));
            co_return;
        }
        if (!is_open_and_silent(session->stream)) {
            co_return;
        }
    }
}

/// Answers a request that has arrived whole. False: it was the last of its connection.
Task<bool> answer_one(StatePtr state, SessionPlace session, RequestMessage message) {
    // The reply to a HEAD has a length and no body; ours always go together.
    const bool wants_more = message.keep_alive() && message.method() != http::verb::head;
    const bool has_chunks = message.version() >= 11;
    HttpRequest request = request_of(std::move(message), session->peer, state->limits.headers_kept);
    HttpResponse response = co_await answer_safely(state, std::move(request));
    if (response.more) {
        std::optional<HttpResponse> refusal = refusal_of_stream(*state, has_chunks);
        if (!refusal) {
            co_await send_pieces(state, session, std::move(response));
            co_return false;
        }
        response = *std::move(refusal);
    }
    const bool is_last = !wants_more || state->is_stopping;
    const Duration for_max = state->limits.write_for_max;
    const auto error = co_await write(session, std::move(response), is_last, for_max);
    co_return !error && !is_last;
}

Task<void> converse(StatePtr state, SessionPlace session) {
    const HttpServerLimits& limits = state->limits;
    while (!state->is_stopping) {
        const bool has_begun = co_await hears_something(state, session);
        if (!has_begun) {
            co_return;
        }
        http::request_parser<http::string_body> parser;
        parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        parser.body_limit(limits.body_bytes_max);
        session->stream.expires_after(limits.request_for_max);
        boost::system::error_code error;
        co_await http::async_read(session->stream, session->buffer, parser, into(error));
        if (error) {
            std::optional<HttpResponse> refusal = refusal_for(error);
            if (refusal) {
                co_await write(session, *std::move(refusal), true, limits.write_for_max);
            }
            co_return;
        }
        const bool goes_on = co_await answer_one(state, session, parser.release());
        if (!goes_on) {
            co_return;
        }
    }
}

/// Owns the session's place in the list: whatever ends the conversation, the place is given up.
Task<void> hold(StatePtr state, SessionPlace session) {
    try {
        co_await converse(state, session);
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): stop() cancelled it.
        // There is nobody left to tell.
    }
    // An orderly end, so that a refusal still reaches a client that is sending.
    boost::system::error_code ignored;
    session->stream.socket().shutdown(asio::socket_base::shutdown_send, ignored);
}

void make_room(HttpServer::State& state) {
    const auto longer_idle = [](const Session& left, const Session& right) {
        return left.idle_since.value_or(Instant::max()) < right.idle_since.value_or(Instant::max());
    };
    const auto found = std::ranges::min_element(state.sessions, longer_idle);
    if (found != state.sessions.end() && found->idle_since) {
        found->stream.close();
    }
}

void begin_session(const StatePtr& state, Socket socket) {
    const auto session =
        state->sessions.emplace(state->sessions.end(), std::move(socket), boot_now());
    session->peer = credentials_of(session->stream.socket());
    ++state->tasks_count;
    const auto ended = [state, session](const std::exception_ptr&) {
        state->sessions.erase(session);
        --state->tasks_count;
    };
    asio::co_spawn(state->executor, hold(state, session),
                   asio::bind_cancellation_slot(session->stop.slot(), ended));
}

Task<void> accept_all(StatePtr state, std::list<Listener>::iterator listener) {
    while (!state->is_stopping) {
        if (state->sessions.size() >= state->limits.connections_max) {
            make_room(*state);
            co_await pause(state);
            continue;
        }
        boost::system::error_code error;
        Socket socket = co_await listener->acceptor().async_accept(into(error));
        if (error == asio::error::operation_aborted || state->is_stopping) {
            co_return;
        }
        if (error) {
            // Out of descriptors: some may be free again soon.
            co_await pause(state);
            continue;
        }
        begin_session(state, std::move(socket));
    }
}

Result<void> begin_to_accept(const StatePtr& state, const Endpoint& endpoint, Reach reach) {
    Result<Listener> listener = Listener::open(state->executor, endpoint, reach);
    if (!listener) {
        return std::unexpected(listener.error());
    }
    state->listeners.push_back(*std::move(listener));
    ++state->tasks_count;
    const auto ended = [state](const std::exception_ptr&) { --state->tasks_count; };
    asio::co_spawn(state->executor, accept_all(state, std::prev(state->listeners.end())), ended);
    return {};
}

Task<void> stop_all(StatePtr state, Instant deadline) {
    state->is_stopping = true;
    for (Listener& listener : state->listeners) {
        listener.close();
    }
    for (Session& session : state->sessions) {
        if (session.is_streaming) {
            session.stop.emit(asio::cancellation_type::terminal);
        }
        if (session.is_streaming || session.idle_since) {
            session.stream.close();
        }
    }
    while (state->tasks_count > 0 && boot_now() < deadline) {
        co_await pause(state);
    }
    for (Session& session : state->sessions) {
        session.stop.emit(asio::cancellation_type::terminal);
        session.stream.close();
    }
    while (state->tasks_count > 0) {
        co_await pause(state);
    }
}

}  // namespace

HttpServer::HttpServer(asio::any_io_executor executor, HttpAnswer answer, HttpServerLimits limits)
    : state_(std::make_shared<State>(std::move(executor), std::move(answer), limits)) {}

HttpServer::~HttpServer() {
    state_->is_stopping = true;
    for (Listener& listener : state_->listeners) {
        listener.close();
    }
}

Result<void> HttpServer::listen(const Endpoint& endpoint) {
    return begin_to_accept(state_, endpoint, Reach::local);
}

Result<void> HttpServer::listen_openly(const Endpoint& endpoint) {
    return begin_to_accept(state_, endpoint, Reach::open);
}

std::uint16_t HttpServer::port() const {
    for (const Listener& listener : state_->listeners) {
        if (listener.port() != 0) {
            return listener.port();
        }
    }
    return 0;
}

Task<void> HttpServer::stop(Instant deadline) {
    return stop_all(state_, deadline);
}

}  // namespace homeostat::net
