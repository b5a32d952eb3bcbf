#pragma once

// FaultChannel: how an instance learns what is to go wrong with it. It connects to a UNIX socket,
// says who it is in one line of JSON and then reads lines, each the whole set of faults now in
// force.
//
// No channel, no faults: a lost connection clears them all, so whoever switches faults cannot leave
// one behind by dying. Single-threaded.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace payment_gateway {

struct Faults {
    double error_share{};  ///< Share of business requests answered 503, as a bug would.
    double leak_mb_per_s{};
    double stall_at_mb{};  ///< Leaked memory at which the instance stalls. 0: never.
    std::chrono::milliseconds slow_for{};   ///< Every answer is so much later.
    double stale_percent{};                 ///< `quotes` writes copies that are so far off,
    std::chrono::milliseconds stale_for{};  ///< for so long.
    bool does_not_renew{};  ///< `quotes` renews copies once more, `stale_percent` off, and no more.
    bool does_fail{};       ///< 503 for everything but /metrics.
    bool does_hang{};       ///< Accepts and reads, answers nothing.
    bool does_healthz_lie{};                ///< 503 for /healthz, whatever the instance can do.
    std::chrono::milliseconds burst_for{};  ///< One event: for so long everything is 503 or slow.
};

/// Reads one line of the channel; what it does not name is off.
Faults parse_faults(std::string_view line);

class FaultChannel {
  public:
    struct Identity {
        std::string service;
        std::string name;
        std::string version;
    };
    using OnChange = std::function<void(const Faults&)>;

    FaultChannel(boost::asio::any_io_executor executor,
                 std::string socket,
                 Identity identity,
                 OnChange on_change);

    /// Runs until the executor stops, connecting again and again with bounded back-off.
    boost::asio::awaitable<void> run();

  private:
    boost::asio::awaitable<bool> follow(boost::asio::local::stream_protocol::socket& socket);

    boost::asio::any_io_executor executor_;
    std::string socket_;
    Identity identity_;
    OnChange on_change_;
};

}  // namespace payment_gateway
