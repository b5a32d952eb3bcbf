#pragma once

// One command line to a peer that answers with text and closes: HAProxy's runtime socket.
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
#include <string>

namespace homeostat::net {

struct LineExchange {
    bool is_sent{false};
    /// Everything up to the end of the stream.
    /// ERRORS: unreachable, late, broken (cut or over its size), full (our own shortage), invalid.
    Result<std::string> reply;
};

/// Sends `line` and a newline on a connection of its own and reads until the peer closes it.
/// ERRORS: invalid if `line` has a control byte in it.
[[nodiscard]] Task<LineExchange> exchange_line(boost::asio::any_io_executor executor,
                                               Endpoint endpoint,
                                               std::string line,
                                               Instant deadline,
                                               std::size_t reply_bytes_max);

}  // namespace homeostat::net
