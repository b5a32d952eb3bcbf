#pragma once

// HttpUpstream: a service that this one depends on, reached through the proxy.
//
// Connections are kept and used again. A call is tried at most twice, each try with its own
// deadline, so a dependency that hangs costs a bounded time. Single-threaded.

#include "examples/payment_gateway/service/log.hpp"
#include "examples/payment_gateway/service/metrics.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace payment_gateway {

class HttpUpstream {
  public:
    struct Place {
        std::string name;
        std::uint16_t port{};
        std::chrono::milliseconds deadline{};  ///< Of each try.
    };

    HttpUpstream(boost::asio::any_io_executor executor, Place place, Log& log, Metrics& metrics);

    /// The body of a 200 answer to GET `target`, or in words why there is none.
    boost::asio::awaitable<std::expected<std::string, std::string>> get(std::string target);

    [[nodiscard]] const std::string& name() const { return place_.name; }

  private:
    struct Connection {
        boost::beast::tcp_stream stream;
        boost::beast::flat_buffer buffer;
    };
    struct Failure {
        std::string reason;
        bool may_retry{};
    };

    boost::asio::awaitable<std::expected<std::string, Failure>> try_once(std::string target);
    std::unique_ptr<Connection> take_idle();

    boost::asio::any_io_executor executor_;
    Place place_;
    Log& log_;
    Metrics& metrics_;
    std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace payment_gateway
