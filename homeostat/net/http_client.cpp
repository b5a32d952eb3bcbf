#include "homeostat/net/http_client.hpp"

#include "homeostat/net/stream.hpp"

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

using RequestMessage = http::request<http::string_body>;

struct HttpClient::State {
    asio::any_io_executor executor;
    Endpoint endpoint;
    HttpLimits limits;
    std::optional<Stream> stream{};  ///< The kept connection; empty when there is none.
    bool is_in_use{false};
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

bool is_visible(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// What would let a caller's text become a second header, or a second request, is refused.
Result<RequestMessage> message_of(HttpRequest request, const Endpoint& endpoint, bool is_last) {
    const http::verb verb = http::string_to_verb(request.method);
    if (verb == http::verb::unknown) {
        return fail(Fault::invalid, fmt::format("'{}' is no HTTP method", request.method));
    }
    if (!request.path.starts_with('/') || !is_visible(request.path)) {
        return fail(Fault::invalid, "a request's path starts with / and has no spaces");
    }
    RequestMessage message(verb, request.path, 11);
    const bool is_tcp = std::holds_alternative<TcpEndpoint>(endpoint);
    message.set(http::field::host, is_tcp ? to_text(endpoint) : "localhost");
    message.set(http::field::user_agent, "homeostat");
    for (const auto& [name, value] : request.headers) {
        if (!is_sendable(name, value)) {
            return fail(Fault::invalid, "a header's name or value has bytes that it may not have");
        }
        message.set(name, value);
    }
    if (!is_sendable("Content-Type", request.content_type)) {
        return fail(Fault::invalid, "a content type has bytes that it may not have");
    }
    if (!request.content_type.empty()) {
        message.set(http::field::content_type, request.content_type);
    }
    message.body() = std::move(request.body);
    message.keep_alive(!is_last);
    message.prepare_payload();
    return message;
}

/// REQUIRES: state->stream is connected. Drops the connection unless it can be used again.
Task<Attempt> attempt(std::shared_ptr<State> state, const RequestMessage& message) {
    Stream& stream = *state->stream;
    boost::system::error_code error;
    co_await http::async_write(stream, message, into(error));
    if (error) {
        Error failure = exchange_error(error, state->endpoint);
        state->stream.reset();
        co_return Attempt{std::unexpected(std::move(failure))};
    }
    http::response_parser<http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(state->limits.header_bytes_max));
    parser.body_limit(state->limits.body_bytes_max);
    parser.skip(message.method() == http::verb::head);
    beast::flat_buffer buffer;
    co_await http::async_read(stream, buffer, parser, into(error));
    const bool has_heard = parser.got_some();
    if (error) {
        Error failure = exchange_error(error, state->endpoint);
        state->stream.reset();
        co_return Attempt{std::unexpected(std::move(failure)), has_heard};
    }
    // Bytes after the reply belong to nothing that we asked for.
    if (!parser.get().keep_alive() || !message.keep_alive() || buffer.size() != 0) {
        state->stream.reset();
    }
    auto reply = parser.release();
    if (reply.result_int() < 200) {
        state->stream.reset();
        Error failure{Fault::broken,
                      to_text(state->endpoint) + ": an interim reply we never asked for"};
        co_return Attempt{std::unexpected(std::move(failure)), has_heard};
    }
    HttpResponse response;
    response.status = static_cast<int>(reply.result_int());
    response.content_type = std::string(reply[http::field::content_type]);
    for (const std::string& name : state->limits.headers_kept) {
        const auto [begin, end] = reply.equal_range(name);
        for (auto field = begin; field != end; ++field) {
            response.headers.emplace_back(name, std::string(field->value()));
        }
    }
    response.body = std::move(reply.body());
    co_return Attempt{std::move(response), has_heard};
}

bool is_reusable(State& state, Instant deadline) {
    return state.stream && is_open_and_silent(*state.stream) &&
           set_deadline(*state.stream, deadline);
}

Task<Result<void>> connect_afresh(std::shared_ptr<State> state, Instant deadline) {
    state->stream.emplace(state->executor);
    Result<void> connected = co_await connect(*state->stream, state->endpoint, deadline);
    if (!connected) {
        state->stream.reset();
    }
    co_return connected;
}

Task<Result<HttpResponse>> exchange(std::shared_ptr<State> state,
                                    HttpRequest request,
                                    Instant deadline,
                                    bool is_last) {
    if (state->is_in_use) {
        co_return fail(Fault::busy, to_text(state->endpoint) + ": a request is in flight already");
    }
    const Result<RequestMessage> message = message_of(std::move(request), state->endpoint, is_last);
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
    Result<void> connected = co_await connect_afresh(state, deadline);
    if (!connected) {
        co_return std::unexpected(connected.error());
    }
    Attempt last = co_await attempt(state, *message);
    co_return std::move(last.reply);
}

}  // namespace

HttpClient::HttpClient(asio::any_io_executor executor, Endpoint endpoint, HttpLimits limits)
    : state_(std::make_shared<State>(std::move(executor), std::move(endpoint), limits)) {}

HttpClient::HttpClient(HttpClient&& other) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&& other) noexcept = default;

HttpClient::~HttpClient() {
    if (state_ && state_->stream) {
        state_->stream->close();
    }
}

Task<Result<HttpResponse>> HttpClient::request(HttpRequest request, Instant deadline) {
    return exchange(state_, std::move(request), deadline, false);
}

void HttpClient::disconnect() {
    if (!state_->is_in_use) {
        state_->stream.reset();
    }
}

Task<Result<HttpResponse>> request_once(asio::any_io_executor executor,
                                        Endpoint endpoint,
                                        HttpRequest request,
                                        Instant deadline,
                                        HttpLimits limits) {
    auto state = std::make_shared<State>(std::move(executor), std::move(endpoint), limits);
    return exchange(std::move(state), std::move(request), deadline, true);
}

}  // namespace homeostat::net
