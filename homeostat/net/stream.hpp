#pragma once

// Stream: a connected socket of either family whose every operation ends by a deadline.
//
// For net/*.cpp alone: it pulls in Beast, which no other folder shall pay for.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include <string_view>

namespace homeostat::net {

using Stream =
    boost::beast::basic_stream<boost::asio::generic::stream_protocol, boost::asio::any_io_executor>;

/// CLOCK_BOOTTIME, the clock of every Instant.
[[nodiscard]] Instant boot_now();

/// Lets every operation on `stream` from now on end by `deadline`. False: it has passed already.
[[nodiscard]] bool set_deadline(Stream& stream, Instant deadline);

/// REQUIRES: the host is a literal address, the path fits.
[[nodiscard]] Result<boost::asio::generic::stream_protocol::endpoint> to_asio(
    const Endpoint& endpoint);

/// Connects, and lets later operations end by `deadline` too. REQUIRES: `stream` outlives the task.
/// ERRORS: unreachable, late, full; invalid, also an address that is never asked
/// (refused_address.hpp).
[[nodiscard]] Task<Result<void>> connect(Stream& stream, Endpoint endpoint, Instant deadline);

/// Says whether a connection on which nothing is expected is still open and silent.
[[nodiscard]] bool is_open_and_silent(Stream& stream);

/// What a failed connect, or a failed exchange after it, means to a caller.
[[nodiscard]] Error connect_error(const boost::system::error_code& error, const Endpoint& endpoint);
[[nodiscard]] Error exchange_error(const boost::system::error_code& error,
                                   const Endpoint& endpoint);

/// Hands an operation's failure to `error` instead of throwing it.
[[nodiscard]] inline auto into(boost::system::error_code& error) {
    return boost::asio::redirect_error(boost::asio::use_awaitable, error);
}

}  // namespace homeostat::net
