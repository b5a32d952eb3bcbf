#pragma once

// HaproxyDimmer: turns the dimmers of neighbours, which are entries of stick tables.
//
// The value is set, and read back with its remaining time, in one exchange: an order takes a
// connection and three commands, well under a millisecond. To set an entry begins its `expire`
// anew, and neither traffic nor our reading does; so the data plane ends every order by itself,
// after what the table's `expire` says. Whether that is long enough is seen only afterwards:
// HAProxy tells nobody a table's `expire`. An order that would end too early is taken back, to what
// was before it.
//
// Zero is set like any other value, and not cleared: HAProxy refuses to clear an entry that a
// request is looking up in that moment.
//
// Orders happen in the order of their calls, each once the one before it is answered or late. A
// HAProxy that hung carries a late one out when it goes on, even after we have hung up, and not
// always before what it is asked next: it takes up several connections at once. So after an order
// of unknown fate the first answer is thrown away, and only the one after it counts.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/haproxy/options.hpp"
#include "homeostat/adapters/haproxy/runtime_socket.hpp"
#include "homeostat/net/turns.hpp"
#include "homeostat/ports/dimmer.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <vector>

namespace homeostat::adapters::haproxy {

class HaproxyDimmer final : public ports::Dimmer {
  public:
    /// REQUIRES: check(options) found nothing.
    HaproxyDimmer(boost::asio::any_io_executor executor, const Options& options);

    /// done: read back. refused: nothing was sent, HAProxy said no, or it would end too early and
    /// was taken back. unknown: sent, not answered.
    Task<Outcome> dim(DimRequest request, Instant deadline) override;

    /// One whose stick table HAProxy does not have is left out.
    Task<Result<std::vector<DimmerFacts>>> read_dimmers(Instant deadline) override;

  private:
    [[nodiscard]] std::vector<TableSwitch> places() const;
    [[nodiscard]] Task<Result<void>> settle(Instant deadline);
    [[nodiscard]] Task<Outcome> turn(TableSwitch own, Dim dim, Instant deadline);
    [[nodiscard]] Task<Outcome> take_back(TableSwitch own, std::uint32_t value, Instant deadline);
    [[nodiscard]] Task<EntryReply> set(TableSwitch own, std::uint32_t value, Instant deadline);

    std::vector<NeighbourBackend> neighbours_;  ///< Those that declare a dimmer.
    RuntimeSocket socket_;
    net::Turns turns_;
    bool is_unsettled_{false};  ///< HAProxy may still have an order of ours in hand.
};

}  // namespace homeostat::adapters::haproxy
