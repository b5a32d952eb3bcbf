#pragma once

// RedisCache: GET and SET … EX on a Redis behind the proxy, nothing more. A cache that fails is not
// a failure of the service: whoever asks goes to the source of truth instead. Single-threaded.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace payment_gateway {

class RedisCache {
  public:
    RedisCache(boost::asio::any_io_executor executor,
               std::uint16_t port,
               std::chrono::milliseconds deadline);

    /// The value under `key`, nothing when there is none, or in words why the cache did not answer.
    boost::asio::awaitable<std::expected<std::optional<std::string>, std::string>> get(
        std::string key);

    boost::asio::awaitable<std::expected<void, std::string>> set(std::string key,
                                                                 std::string value,
                                                                 std::chrono::seconds keep_for);

  private:
    struct Connection {
        boost::beast::tcp_stream stream;
        std::string buffer;
    };
    using Reply = std::expected<std::optional<std::string>, std::string>;

    boost::asio::awaitable<Reply> exchange(std::string command);
    boost::asio::awaitable<std::expected<std::unique_ptr<Connection>, std::string>> connect();
    boost::asio::awaitable<Reply> read_reply(Connection& connection);
    std::unique_ptr<Connection> take_idle();

    boost::asio::any_io_executor executor_;
    std::uint16_t port_;
    std::chrono::milliseconds deadline_;
    std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace payment_gateway
