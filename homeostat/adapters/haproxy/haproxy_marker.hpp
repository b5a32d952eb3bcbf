#pragma once

// HaproxyMarker: marks sources of requests by entries of stick tables.
//
// To set an entry begins its `expire` anew, and no look-up of a request does; so the data plane
// ends every mark by itself. Whether that is neither too early nor too late is seen by reading an
// entry back: HAProxy tells nobody a table's `expire`. A mark is taken off by setting it to zero:
// HAProxy refuses to clear an entry that a request is looking up.
//
// An order becomes several lines of commands, each on a connection of its own; after a line that
// nobody has seen answered the rest is not sent. A HAProxy that hung carries such a line out when
// it goes on, and not always before what it is asked next; so the first answer after it is thrown
// away, and only the one after that counts.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/haproxy/mark_commands.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/line_client.hpp"
#include "homeostat/ports/source_marker.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <string>

namespace homeostat::adapters::haproxy {

struct MarkerOptions {
    net::Endpoint socket;  ///< HAProxy's runtime socket, level admin.
    MarkTables tables;
    /// A mark that nobody renews has to end within this, or the table is refused.
    Duration expires_max{std::chrono::minutes{10}};
};

/// ERRORS: invalid: a name that could mean more than a name on HAProxy's command line.
[[nodiscard]] Result<void> check(const MarkerOptions& options);

class HaproxyMarker final : public ports::SourceMarker {
  public:
    /// REQUIRES: check(options) found nothing.
    HaproxyMarker(boost::asio::any_io_executor executor, MarkerOptions options)
        : executor_(std::move(executor)), options_(std::move(options)) {}

    Task<Outcome> mark(MarkRequest request, Instant deadline) override;
    Task<Result<MarkCounts>> count(Instant deadline) override;

  private:
    /// What one line of commands does, and the line that takes it back.
    struct Piece {
        MarkLine put_on;
        MarkLine take_back;
        Mark mark{Mark::none};
        Instant until;
    };

    [[nodiscard]] Task<Result<void>> settle(Instant deadline);
    [[nodiscard]] Task<Outcome> mark_some(Piece piece, Instant deadline);
    [[nodiscard]] Task<net::LineExchange> say(std::string command, Instant deadline);

    boost::asio::any_io_executor executor_;
    MarkerOptions options_;
    bool is_unsettled_{false};  ///< HAProxy may still have an order of ours in hand.
};

}  // namespace homeostat::adapters::haproxy
