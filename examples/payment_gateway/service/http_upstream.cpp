#include "examples/payment_gateway/service/http_upstream.hpp"

#include "examples/payment_gateway/service/socket_state.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http.hpp>
#include <fmt/core.h>

namespace payment_gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;

namespace {

constexpr int tries_max = 2;
constexpr std::size_t idle_connections_max = 64;

std::string in_words(const boost::system::error_code& error) {
    if (error == beast::error::timeout) {
        return "timeout";
    }
    if (error == http::error::end_of_stream) {
        return "connection closed";
    }
    return error.message();
}

}  // namespace

HttpUpstream::HttpUpstream(asio::any_io_executor executor, Place place, Log& log, Metrics& metrics)
    : executor_{std::move(executor)}, place_{std::move(place)}, log_{log}, metrics_{metrics} {}

asio::awaitable<std::expected<std::string, std::string>> HttpUpstream::get(std::string target) {
    std::string reason;
    for (int attempt = 1; attempt <= tries_max; ++attempt) {
        std::expected<std::string, Failure> answer = co_await try_once(target);
        if (answer) {
            co_return std::move(*answer);
        }
        reason = answer.error().reason;
        metrics_.count_dependency_failure(place_.name);
        log_.warn("dependency call failed dependency={} attempt={} reason=\"{}\"", place_.name,
                  attempt, reason);
        if (!answer.error().may_retry) {
            break;
        }
    }
    co_return std::unexpected(reason);
}

asio::awaitable<std::expected<std::string, HttpUpstream::Failure>> HttpUpstream::try_once(
    std::string target) {
    boost::system::error_code error;
    std::unique_ptr<Connection> connection = take_idle();
    const bool is_fresh = connection == nullptr;
    if (is_fresh) {
        connection = std::make_unique<Connection>(beast::tcp_stream{executor_});
    }
    beast::tcp_stream& stream = connection->stream;
    stream.expires_after(place_.deadline);
    if (is_fresh) {
        const tcp::endpoint endpoint{asio::ip::address_v4::loopback(), place_.port};
        co_await stream.async_connect(endpoint, redirect_error(use_awaitable, error));
        if (error) {
            co_return std::unexpected(Failure{in_words(error), true});
        }
        stream.socket().set_option(tcp::no_delay{true}, error);
    }

    http::request<http::empty_body> request{http::verb::get, target, 11};
    request.set(http::field::host, place_.name);
    co_await http::async_write(stream, request, redirect_error(use_awaitable, error));
    if (error) {
        co_return std::unexpected(Failure{in_words(error), true});
    }
    http::response<http::string_body> response;
    co_await http::async_read(stream, connection->buffer, response,
                              redirect_error(use_awaitable, error));
    if (error) {
        co_return std::unexpected(Failure{in_words(error), true});
    }
    stream.expires_never();
    if (response.keep_alive() && idle_.size() < idle_connections_max) {
        idle_.push_back(std::move(connection));
    }
    if (response.result() != http::status::ok) {
        const unsigned status = response.result_int();
        co_return std::unexpected(Failure{fmt::format("status {}", status), status >= 500});
    }
    co_return std::move(response.body());
}

std::unique_ptr<HttpUpstream::Connection> HttpUpstream::take_idle() {
    while (!idle_.empty()) {
        std::unique_ptr<Connection> connection = std::move(idle_.back());
        idle_.pop_back();
        if (!is_closed_by_peer(connection->stream.socket().native_handle())) {
            return connection;
        }
    }
    return nullptr;
}

}  // namespace payment_gateway
