#pragma once

// HttpServer: HTTP/1.1 with keep-alive on loopback, one coroutine per connection.
//
// A stalled server goes on accepting and reading but answers nothing, as a process does whose
// threads all wait for something that never comes. Single-threaded; lives as long as its executor
// runs.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>

namespace payment_gateway {

struct Request {
    std::string path;
    std::map<std::string, std::string, std::less<>> query;

    [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

/// Splits a request target such as `/pay?amount=5&note=a%20b`, decoding what is escaped.
Request parse_target(std::string_view target);

struct Answer {
    unsigned status{200};
    std::string body;
    std::string_view content_type{"application/json"};
};

class HttpServer {
  public:
    using Work = std::function<boost::asio::awaitable<Answer>(Request)>;

    HttpServer(boost::asio::any_io_executor executor, Work work);

    /// Starts accepting on 127.0.0.1:`port`. ERRORS: the port is taken or not allowed.
    std::expected<void, std::string> listen(std::uint16_t port);

    /// Takes no new connection, closes the idle ones, lets the others end with their answer.
    void stop();

    void stall(bool stalled) { is_stalled_ = stalled; }

    [[nodiscard]] std::size_t session_count() const { return sessions_.size(); }
    [[nodiscard]] std::size_t in_flight_count() const;

  private:
    struct Session {
        boost::beast::tcp_stream stream;
        bool is_idle{true};
    };
    using SessionPosition = std::list<Session>::iterator;

    boost::asio::awaitable<void> accept_all();
    boost::asio::awaitable<void> converse(SessionPosition session);
    boost::asio::awaitable<bool> outlast_stall(SessionPosition session);
    boost::asio::awaitable<void> pause(std::chrono::milliseconds time);

    boost::asio::any_io_executor executor_;
    boost::asio::ip::tcp::acceptor acceptor_;
    Work work_;
    std::list<Session> sessions_;
    bool is_stalled_{};
    bool is_stopping_{};
};

}  // namespace payment_gateway
