#pragma once

// Relay: stands between a client and a real server and spoils what passes.
//
// A suite runs its client against the real peer through this, so that every way in which a peer can
// fail is tried on the real conversation. The relay has a thread of its own: it goes on while the
// test's own event loop is blocked or stopped. Faults may be switched at any time and hold for the
// bytes that pass from then on.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

namespace homeostat::conformance {

class Relay {
  public:
    enum class Fault : std::uint8_t {
        none,
        delay,    ///< Each reply comes 300 ms late.
        hang,     ///< Connections are accepted, requests swallowed, nothing is answered.
        garbage,  ///< Replies are bytes that are no protocol's.
        lie,      ///< Replies are well-formed HTTP with a body of the test's choice.
        cut,      ///< The connection ends in the middle of a reply.
        lose,     ///< The connection ends where a reply would begin.
        refuse,   ///< Nobody listens on the port; open connections are reset.
    };

    explicit Relay(boost::asio::generic::stream_protocol::endpoint upstream);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// Of 127.0.0.1; the same for the relay's whole life.
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::uint32_t connections_count() const { return connections_count_; }
    /// Of HTTP; of other protocols none is counted.
    [[nodiscard]] std::uint32_t requests_count() const { return requests_count_; }

    void set(Fault fault);
    /// Sets Fault::lie. REQUIRES: no fault `lie` is set now.
    void lie(std::string body);
    /// Lets `count` more requests be answered and sets Fault::lose at the one behind them.
    void lose_after(std::uint32_t count);

  private:
    using Tcp = boost::asio::ip::tcp;
    using Stream = boost::asio::generic::stream_protocol::socket;

    void listen();
    boost::asio::awaitable<void> accept_all();
    boost::asio::awaitable<void> serve(Tcp::socket client);
    boost::asio::awaitable<void> carry_requests(Tcp::socket& client, Stream& server);
    boost::asio::awaitable<void> carry_replies(Stream& server, Tcp::socket& client);
    void count_request(std::string_view bytes);
    [[nodiscard]] std::string spoil(std::string_view reply, Fault fault) const;

    boost::asio::io_context context_{1};
    boost::asio::generic::stream_protocol::endpoint upstream_;
    Tcp::acceptor acceptor_{context_};
    std::uint16_t port_{0};
    std::atomic<Fault> fault_{Fault::none};
    std::atomic<std::uint32_t> connections_count_{0};
    std::atomic<std::uint32_t> requests_count_{0};
    std::atomic<std::uint32_t> lose_at_{0};  ///< The count at which a reply is lost; 0: none is.
    std::string body_;  // Read by the relay's thread only while the fault is `lie`.
    std::thread thread_;
};

}  // namespace homeostat::conformance
