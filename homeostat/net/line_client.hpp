#pragma once

// One command to a peer and its reply: a line that is answered with text and a close (HAProxy's
// runtime socket), or bytes whose reply says itself where it ends (Redis).
//
// A caller who caused an effect has to know whether the command can have arrived. `is_sent` false
// is a promise that it has not; after true and an error nobody knows, also not much later: a peer
// that was stopped carries the command out when it goes on.
//
// Not thread-safe; runs on the strand of its executor.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::net {

struct LineExchange {
    bool is_sent{false};
    /// Everything up to the end of the stream.
    /// ERRORS: unreachable, late, broken (cut or over its size), full (our own shortage), invalid.
    Result<std::string> reply;
};

/// Where a reply ends.
struct ReplyEnd {
    std::size_t bytes_max{0};
    /// Asked of all that has come so far; empty: the peer closes the connection.
    std::function<bool(std::string_view)> is_whole{};
    /// Whether, after this reply, the next of several commands may be sent; empty: always.
    std::function<bool(std::string_view)> goes_on{};
};

/// Sends `line` and a newline on a connection of its own and reads until the peer closes it.
/// ERRORS: invalid if `line` has a control byte in it.
[[nodiscard]] Task<LineExchange> exchange_line(boost::asio::any_io_executor executor,
                                               Endpoint endpoint,
                                               std::string line,
                                               Instant deadline,
                                               std::size_t reply_bytes_max);

/// Sends `bytes` as they are, likewise on a connection of its own, and reads until `is_whole` says
/// that what has come is the whole reply.
[[nodiscard]] Task<LineExchange> exchange_bytes(boost::asio::any_io_executor executor,
                                                Endpoint endpoint,
                                                std::string bytes,
                                                Instant deadline,
                                                ReplyEnd end);

/// Likewise, one after another on one connection: each of `commands` once the one before it has its
/// whole reply, and none after a reply that `end.goes_on` says no to. Gives the last reply that
/// came. REQUIRES: at least one command.
[[nodiscard]] Task<LineExchange> exchange_in_turn(boost::asio::any_io_executor executor,
                                                  Endpoint endpoint,
                                                  std::vector<std::string> commands,
                                                  Instant deadline,
                                                  ReplyEnd end);

}  // namespace homeostat::net
