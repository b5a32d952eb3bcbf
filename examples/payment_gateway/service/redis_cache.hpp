#pragma once

// RedisCache: GET and SET … EX on a Redis behind the proxy or on a cluster, nothing more. A cache
// that fails is not a failure of the service: whoever asks goes to the source of truth instead.
//
// Of a cluster any node is asked; the one to which that redirects (MOVED) is remembered for the
// key. So nothing here has to know how keys fall into slots. Single-threaded.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace payment_gateway {

class RedisCache {
  public:
    /// `ports`: of one Redis, or of nodes of a cluster. REQUIRES: there is one.
    RedisCache(boost::asio::any_io_executor executor,
               std::vector<std::uint16_t> ports,
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
    struct Said {
        std::optional<std::string> text;
        std::uint16_t moved_to{};  ///< Another node keeps the key. 0: this one does.
    };
    using Value = std::expected<std::optional<std::string>, std::string>;
    using Reply = std::expected<Said, std::string>;

    boost::asio::awaitable<Value> exchange(std::string key, std::string command);
    boost::asio::awaitable<Reply> exchange_with(std::uint16_t port, std::string command);
    boost::asio::awaitable<std::expected<std::unique_ptr<Connection>, std::string>> connect(
        std::uint16_t port);
    boost::asio::awaitable<Reply> read_reply(Connection& connection);
    std::unique_ptr<Connection> take_idle(std::uint16_t port);
    [[nodiscard]] std::uint16_t keeper_of(const std::string& key) const;
    void remember(const std::string& key, std::uint16_t port);

    boost::asio::any_io_executor executor_;
    std::vector<std::uint16_t> ports_;  ///< Who is asked where nothing is remembered: the first.
    std::map<std::string, std::uint16_t> keepers_;  ///< By key, as redirections said.
    std::chrono::milliseconds deadline_;
    std::map<std::uint16_t, std::vector<std::unique_ptr<Connection>>> idle_;
};

}  // namespace payment_gateway
