#include "examples/payment_gateway/service/http_server.hpp"

#include "examples/payment_gateway/service/socket_state.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace payment_gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t sessions_max = 600;  // Below the usual limit of 1024 open files.
constexpr auto idle_for = 60s;             // Longer than the proxy keeps an idle connection.

std::string decode(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        unsigned byte = 0;
        if (text[at] == '%' && at + 2 < text.size() &&
            std::from_chars(&text[at + 1], &text[at + 1] + 2, byte, 16).ptr == &text[at + 1] + 2) {
            result += static_cast<char>(byte);
            at += 2;
        } else {
            result += text[at] == '+' ? ' ' : text[at];
        }
    }
    return result;
}

using HttpRequest = http::request<http::string_body>;
using HttpResponse = http::response<http::string_body>;

HttpResponse response_for(const HttpRequest& request, Answer answer, bool is_last) {
    HttpResponse response{static_cast<http::status>(answer.status), request.version()};
    response.set(http::field::content_type, answer.content_type);
    response.keep_alive(request.keep_alive() && !is_last);
    response.body() = std::move(answer.body);
    response.prepare_payload();
    return response;
}

}  // namespace

std::string_view Request::parameter(std::string_view name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string_view{} : std::string_view{found->second};
}

Request parse_target(std::string_view target) {
    const std::size_t mark = target.find('?');
    Request request;
    request.path = std::string{target.substr(0, mark)};
    std::string_view rest = mark == target.npos ? std::string_view{} : target.substr(mark + 1);
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string_view value = pair.substr(std::min(pair.size(), equals + 1));
        request.query.emplace(decode(pair.substr(0, equals)), decode(value));
    }
    return request;
}

HttpServer::HttpServer(asio::any_io_executor executor, Work work)
    : executor_{std::move(executor)}, acceptor_{executor_}, work_{std::move(work)} {}

std::expected<void, std::string> HttpServer::listen(std::uint16_t port) {
    const tcp::endpoint endpoint{asio::ip::address_v4::loopback(), port};
    boost::system::error_code error;
    acceptor_.open(tcp::v4(), error);
    acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
    acceptor_.bind(endpoint, error);
    if (!error) {
        acceptor_.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        return std::unexpected(
            fmt::format("cannot listen on 127.0.0.1:{}: {}", port, error.message()));
    }
    asio::co_spawn(executor_, accept_all(), asio::detached);
    return {};
}

void HttpServer::stop() {
    is_stopping_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (Session& session : sessions_) {
        if (session.is_idle) {
            session.stream.cancel();
        }
    }
}

std::size_t HttpServer::in_flight_count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(sessions_, [](const Session& session) { return !session.is_idle; }));
}

asio::awaitable<void> HttpServer::pause(std::chrono::milliseconds time) {
    asio::steady_timer timer{executor_, time};
    co_await timer.async_wait(use_awaitable);
}

asio::awaitable<void> HttpServer::accept_all() {
    while (!is_stopping_) {
        boost::system::error_code error;
        tcp::socket socket = co_await acceptor_.async_accept(redirect_error(use_awaitable, error));
        if (error == asio::error::operation_aborted) {
            co_return;
        }
        if (error) {
            co_await pause(20ms);  // Out of descriptors: some may be free again soon.
            continue;
        }
        socket.set_option(tcp::no_delay{true}, error);
        sessions_.push_back(Session{beast::tcp_stream{std::move(socket)}});
        const SessionPosition session = std::prev(sessions_.end());
        // Whatever ends the conversation, an exception included, the place in the list is given up.
        asio::co_spawn(executor_, converse(session),
                       [this, session](const std::exception_ptr&) { sessions_.erase(session); });
        while (sessions_.size() >= sessions_max && !is_stopping_) {
            co_await pause(20ms);
        }
    }
}

asio::awaitable<void> HttpServer::converse(SessionPosition session) {
    beast::flat_buffer buffer;
    boost::system::error_code error;
    while (!is_stopping_) {
        http::request_parser<http::string_body> parser;
        parser.header_limit(8'192);
        parser.body_limit(8'192);
        session->is_idle = true;
        session->stream.expires_after(idle_for);
        co_await http::async_read(session->stream, buffer, parser,
                                  redirect_error(use_awaitable, error));
        if (error) {
            co_return;
        }
        session->is_idle = false;
        session->stream.expires_never();
        const HttpRequest request = parser.release();
        const bool came_through = co_await outlast_stall(session);
        if (!came_through) {
            co_return;
        }
        Answer answer = co_await work_(parse_target(request.target()));
        const bool may_answer = co_await outlast_stall(session);
        if (!may_answer) {
            co_return;
        }
        HttpResponse response = response_for(request, std::move(answer), is_stopping_);
        session->stream.expires_after(idle_for);
        co_await http::async_write(session->stream, response, redirect_error(use_awaitable, error));
        if (error || !response.keep_alive()) {
            co_return;
        }
    }
}

/// False when the peer went away meanwhile, or the process is about to end.
asio::awaitable<bool> HttpServer::outlast_stall(SessionPosition session) {
    while (is_stalled_) {
        if (is_stopping_ || is_closed_by_peer(session->stream.socket().native_handle())) {
            co_return false;
        }
        co_await pause(50ms);
    }
    co_return true;
}

}  // namespace payment_gateway
