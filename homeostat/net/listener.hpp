#pragma once

// Listener: an accepting socket on a UNIX path or on TCP, loopback unless more is asked for.
//
// A UNIX socket is for its owner alone (mode 0600, set before anybody can connect). A socket file
// that nobody answers on is a dead process's and is replaced; one that somebody answers on, and a
// file that is no socket, stay as they are. Two processes that start in the same instant could each
// find a stale file: the caller holds the lock of its run directory, as the agent does.
//
// For net/*.cpp alone. Not thread-safe; lives on the strand of its executor.

#include "homeostat/base/result.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace homeostat::net {

enum class Reach : std::uint8_t {
    local,  ///< UNIX sockets and loopback.
    open,   ///< Any address of this machine; a UNIX socket for every user.
};

class Listener {
  public:
    using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

    /// ERRORS: busy (somebody listens there, or the file is no socket), invalid (beyond `reach`),
    /// full (no right or no room for it).
    [[nodiscard]] static Result<Listener> open(boost::asio::any_io_executor executor,
                                               const Endpoint& endpoint,
                                               Reach reach);
    ~Listener();
    Listener(Listener&& other) noexcept;
    Listener& operator=(Listener&&) = delete;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    [[nodiscard]] Acceptor& acceptor() { return acceptor_; }
    /// The TCP port; 0 for a UNIX socket.
    [[nodiscard]] std::uint16_t port() const;
    /// Stops accepting and removes the socket file, if it is still ours.
    void close();

  private:
    explicit Listener(Acceptor acceptor) : acceptor_(std::move(acceptor)) {}

    Acceptor acceptor_;
    std::string path_;  ///< Of the socket file to remove; empty: none.
    dev_t device_{};    ///< Of that file, so that a successor's file is not taken for ours.
    ino_t inode_{};
};

}  // namespace homeostat::net
