#pragma once

// ReservedPort: a port for a server that cannot take any free one. For tests only.

#include "homeostat/os/fd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>

namespace homeostat::conformance {

/// A port of 127.0.0.1 that nobody else is given as long as this lives: a socket is bound to it and
/// does not listen, so that a server which sets SO_REUSEADDR, as Redis does, still may.
class ReservedPort {
  public:
    ReservedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int yes = 1;
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const place = reinterpret_cast<sockaddr*>(&address);
        if (::setsockopt(socket_.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
            ::bind(socket_.number(), place, size) != 0 ||
            ::getsockname(socket_.number(), place, &size) != 0) {
            throw std::runtime_error("no port can be had");
        }
        port_ = ntohs(address.sin_port);
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    os::Fd socket_;
    std::uint16_t port_{0};
};

}  // namespace homeostat::conformance
