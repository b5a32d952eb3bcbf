#include "examples/payment_gateway/service/redis_cache.hpp"

#include "examples/payment_gateway/service/socket_state.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/completion_condition.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace payment_gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;

namespace {

constexpr std::size_t reply_bytes_max = 4'096;
constexpr std::size_t idle_connections_max = 64;  // To each node.
constexpr int redirections_max = 3;
constexpr std::size_t keepers_max = 1'024;
constexpr std::string_view moved = "-MOVED ";

/// Of `-MOVED SLOT HOST:PORT`; 0: it names none. The host is this one, as all of this world is.
std::uint16_t port_in(std::string_view line) {
    std::uint16_t port = 0;
    const std::size_t colon = line.rfind(':');
    if (colon != std::string_view::npos) {
        std::from_chars(line.data() + colon + 1, line.data() + line.size(), port);
    }
    return port;
}

/// A command as Redis' protocol spells it: each word with its length before it.
std::string command_of(std::initializer_list<std::string_view> words) {
    std::string command = fmt::format("*{}\r\n", words.size());
    for (const std::string_view word : words) {
        command += fmt::format("${}\r\n{}\r\n", word.size(), word);
    }
    return command;
}

}  // namespace

RedisCache::RedisCache(asio::any_io_executor executor,
                       std::vector<std::uint16_t> ports,
                       std::chrono::milliseconds deadline)
    : executor_{std::move(executor)}, ports_{std::move(ports)}, deadline_{deadline} {}

asio::awaitable<std::expected<std::optional<std::string>, std::string>> RedisCache::get(
    std::string key) {
    std::string command = command_of({"GET", key});
    return exchange(std::move(key), std::move(command));
}

asio::awaitable<std::expected<void, std::string>> RedisCache::set(std::string key,
                                                                  std::string value,
                                                                  std::chrono::seconds keep_for) {
    const std::string seconds = std::to_string(keep_for.count());
    std::string command = command_of({"SET", key, value, "EX", seconds});
    const Value stored = co_await exchange(std::move(key), std::move(command));
    if (!stored) {
        co_return std::unexpected(stored.error());
    }
    co_return std::expected<void, std::string>{};
}

std::uint16_t RedisCache::keeper_of(const std::string& key) const {
    const auto found = keepers_.find(key);
    return found == keepers_.end() ? ports_.front() : found->second;
}

void RedisCache::remember(const std::string& key, std::uint16_t port) {
    if (keepers_.size() >= keepers_max) {
        keepers_.clear();  // Each costs one more redirection.
    }
    keepers_[key] = port;
}

asio::awaitable<RedisCache::Value> RedisCache::exchange(std::string key, std::string command) {
    for (int count = 0; count <= redirections_max; ++count) {
        Reply reply = co_await exchange_with(keeper_of(key), command);
        if (!reply) {
            // Another node knows who keeps it now.
            keepers_.erase(key);
            std::ranges::rotate(ports_, ports_.begin() + 1);
            co_return std::unexpected(reply.error());
        }
        if (reply->moved_to == 0) {
            co_return std::move(reply->text);
        }
        remember(key, reply->moved_to);
    }
    co_return std::unexpected("redirected too often");
}

asio::awaitable<RedisCache::Reply> RedisCache::exchange_with(std::uint16_t port,
                                                             std::string command) {
    std::unique_ptr<Connection> connection = take_idle(port);
    if (connection == nullptr) {
        auto connected = co_await connect(port);
        if (!connected) {
            co_return std::unexpected(connected.error());
        }
        connection = std::move(*connected);
    }
    connection->stream.expires_after(deadline_);
    boost::system::error_code error;
    co_await asio::async_write(connection->stream, asio::buffer(command),
                               redirect_error(use_awaitable, error));
    if (error) {
        co_return std::unexpected(error.message());
    }
    Reply reply = co_await read_reply(*connection);
    // After an error the connection may hold half a reply, so it is not used again.
    if (reply && idle_[port].size() < idle_connections_max) {
        connection->stream.expires_never();
        idle_[port].push_back(std::move(connection));
    }
    co_return reply;
}

asio::awaitable<std::expected<std::unique_ptr<RedisCache::Connection>, std::string>>
RedisCache::connect(std::uint16_t port) {
    auto connection = std::make_unique<Connection>(beast::tcp_stream{executor_});
    connection->stream.expires_after(deadline_);
    const tcp::endpoint endpoint{asio::ip::address_v4::loopback(), port};
    boost::system::error_code error;
    co_await connection->stream.async_connect(endpoint, redirect_error(use_awaitable, error));
    if (error) {
        co_return std::unexpected(error.message());
    }
    connection->stream.socket().set_option(tcp::no_delay{true}, error);
    co_return std::move(connection);
}

asio::awaitable<RedisCache::Reply> RedisCache::read_reply(Connection& connection) {
    boost::system::error_code error;
    auto buffer = asio::dynamic_buffer(connection.buffer, reply_bytes_max);
    const std::size_t line_size = co_await asio::async_read_until(
        connection.stream, buffer, "\r\n", redirect_error(use_awaitable, error));
    if (error) {
        co_return std::unexpected(error.message());
    }
    const std::string line = connection.buffer.substr(0, line_size - 2);
    connection.buffer.erase(0, line_size);
    if (line.starts_with('+')) {
        co_return Said{line.substr(1)};
    }
    if (line == "$-1") {
        co_return Said{};
    }
    if (line.starts_with(moved) && port_in(line) != 0) {
        co_return Said{std::nullopt, port_in(line)};
    }
    std::size_t size = 0;
    const auto number = std::from_chars(line.data() + 1, line.data() + line.size(), size);
    if (!line.starts_with('$') || number.ec != std::errc{} || size > reply_bytes_max / 2) {
        co_return std::unexpected("unexpected reply: " + line.substr(0, 80));
    }
    if (connection.buffer.size() < size + 2) {
        const std::size_t missing = size + 2 - connection.buffer.size();
        co_await asio::async_read(connection.stream, buffer, asio::transfer_at_least(missing),
                                  redirect_error(use_awaitable, error));
        if (error) {
            co_return std::unexpected(error.message());
        }
    }
    std::string value = connection.buffer.substr(0, size);
    connection.buffer.erase(0, size + 2);
    co_return Said{std::move(value)};
}

std::unique_ptr<RedisCache::Connection> RedisCache::take_idle(std::uint16_t port) {
    std::vector<std::unique_ptr<Connection>>& idle = idle_[port];
    while (!idle.empty()) {
        std::unique_ptr<Connection> connection = std::move(idle.back());
        idle.pop_back();
        if (!is_closed_by_peer(connection->stream.socket().native_handle())) {
            return connection;
        }
    }
    return nullptr;
}

}  // namespace payment_gateway
