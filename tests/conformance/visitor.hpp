#pragma once

// A visitor who comes to an edge from wherever a test wants.
//
// Requests come over a UNIX socket that takes the PROXY protocol, so that no address of this
// machine is needed to be somebody else. For tests only.

#include "homeostat/domain/network.hpp"
#include "homeostat/net/line_client.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace homeostat::conformance {

inline Network network_for_test(const std::string& text) {
    const Result<Network> network = parse_network(text);
    if (!network) {
        throw std::runtime_error(text + ": " + network.error().text);
    }
    return *network;
}

/// The status that a visitor from there gets; 0: none.
inline int visit_from(boost::asio::io_context& context,
                      const std::string& socket,
                      const std::string& source,
                      const std::string& path) {
    const bool is_v6 = source.contains(':');
    std::string bytes = "PROXY " + std::string(is_v6 ? "TCP6 " : "TCP4 ") + source +
                        (is_v6 ? " 2001:db8::ffff" : " 203.0.113.254") + " 40000 80\r\nGET " +
                        path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const net::LineExchange exchange = net::run_for_test(
        context,
        net::exchange_bytes(context.get_executor(), net::UnixEndpoint{socket}, std::move(bytes),
                            net::now_for_test() + std::chrono::seconds{5}, {.bytes_max = 65536}));
    constexpr std::size_t status_at = 9;  // Behind "HTTP/1.1 ".
    const bool has_status = exchange.reply && exchange.reply->size() > status_at + 3;
    return has_status ? std::stoi(exchange.reply->substr(status_at, 3)) : 0;
}

}  // namespace homeostat::conformance
