#include "homeostat/net/stream.hpp"

#include "homeostat/net/refused_address.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

#include <sys/socket.h>
#include <time.h>

#include <algorithm>

namespace homeostat::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

// Far enough to mean "for ever", near enough that adding it to any clock cannot overflow.
constexpr Duration deadline_after_max = std::chrono::hours{24};

// Our own shortage. Taken for the peer's failure it would make a healthy service look dead.
bool is_our_own(const boost::system::error_code& error) {
    return error == asio::error::no_descriptors || error == asio::error::no_memory ||
           error == asio::error::no_buffer_space ||
           error == boost::system::errc::too_many_files_open_in_system ||
           error == boost::system::errc::address_not_available;
}

}  // namespace

Instant boot_now() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return Instant{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
}

bool set_deadline(Stream& stream, Instant deadline) {
    const Instant now = boot_now();
    if (deadline <= now) {
        return false;
    }
    // Compared before the subtraction: Instant::max() is a legal deadline.
    const bool is_far = deadline > now + deadline_after_max;
    stream.expires_after(is_far ? deadline_after_max : deadline - now);
    return true;
}

Result<asio::generic::stream_protocol::endpoint> to_asio(const Endpoint& endpoint) {
    if (const auto* local = std::get_if<UnixEndpoint>(&endpoint)) {
        const Result<Endpoint> checked = unix_endpoint(local->path);
        if (!checked) {
            return std::unexpected(checked.error());
        }
        return asio::local::stream_protocol::endpoint(local->path);
    }
    const auto& tcp = std::get<TcpEndpoint>(endpoint);
    boost::system::error_code error;
    const asio::ip::address address = asio::ip::make_address(tcp.host, error);
    if (error) {
        return fail(Fault::invalid, fmt::format("'{}' is no IP address", tcp.host));
    }
    return asio::ip::tcp::endpoint(address, tcp.port);
}

Task<Result<void>> connect(Stream& stream, Endpoint endpoint, Instant deadline) {
    // Here, where every client comes by: with a name behind it, or a peer's word.
    if (const Result<void> checked = check_target(endpoint); !checked) {
        co_return std::unexpected(checked.error());
    }
    const auto target = to_asio(endpoint);
    if (!target) {
        co_return std::unexpected(target.error());
    }
    if (!set_deadline(stream, deadline)) {
        co_return std::unexpected(connect_error(beast::error::timeout, endpoint));
    }
    boost::system::error_code error;
    co_await stream.async_connect(*target, into(error));
    if (error) {
        co_return std::unexpected(connect_error(error, endpoint));
    }
    if (std::holds_alternative<TcpEndpoint>(endpoint)) {
        // Requests are small and written whole: waiting for more to send would only delay them.
        boost::system::error_code ignored;
        stream.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    }
    co_return Result<void>{};
}

bool is_open_and_silent(Stream& stream) {
    if (!stream.socket().is_open()) {
        return false;
    }
    char byte = 0;
    const auto received =
        ::recv(stream.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

Error connect_error(const boost::system::error_code& error, const Endpoint& endpoint) {
    const std::string where = to_text(endpoint);
    if (error == beast::error::timeout) {
        return {Fault::late, fmt::format("{}: no connection before the deadline", where)};
    }
    if (error == asio::error::operation_aborted) {
        return {Fault::late, fmt::format("{}: cancelled while connecting", where)};
    }
    if (is_our_own(error)) {
        return {Fault::full, fmt::format("{}: cannot open a socket: {}", where, error.message())};
    }
    return {Fault::unreachable, fmt::format("{}: {}", where, error.message())};
}

Error exchange_error(const boost::system::error_code& error, const Endpoint& endpoint) {
    const std::string where = to_text(endpoint);
    if (error == beast::error::timeout) {
        return {Fault::late, fmt::format("{}: no whole reply before the deadline", where)};
    }
    if (error == asio::error::operation_aborted) {
        return {Fault::late, fmt::format("{}: cancelled before the reply was whole", where)};
    }
    if (error == http::error::body_limit || error == http::error::header_limit ||
        error == http::error::buffer_overflow) {
        return {Fault::broken, fmt::format("{}: the reply is larger than allowed", where)};
    }
    const std::array cuts{http::make_error_code(http::error::end_of_stream),
                          http::make_error_code(http::error::partial_message),
                          boost::system::error_code(asio::error::eof),
                          boost::system::error_code(asio::error::connection_reset),
                          boost::system::error_code(asio::error::broken_pipe),
                          make_error_code(asio::ssl::error::stream_truncated)};
    if (std::ranges::find(cuts, error) != cuts.end()) {
        return {Fault::broken,
                fmt::format("{}: the connection ended before the reply was whole", where)};
    }
    return {Fault::broken, fmt::format("{}: {}", where, error.message())};
}

}  // namespace homeostat::net
