#pragma once

// Indicators: what a collection holds for now, made into what has changed for its addresses.
//
// A feed tells of addresses, a collection of indicators, and several of these may be about one
// address. So the indicators are kept, each in its newest version, and an address is listed as long
// as the last of them is valid. It is removed once none is: revoked, changed, or not believed.
//
// What a collection no longer has when all of it is read again is let go here, and told to nobody:
// an answer in which much is missing lets nobody in, and each listing ends by itself. A range that
// is removed takes addresses in it along which another indicator lists by themselves, until all is
// read again: an error lets a request in.
//
// By wall time, as the indicators are: a clock on the wall that is wrong makes them end early or
// late, and immune bounds each listing by its own (docs/block_sources.md, B3).
//
// Pure. Not thread-safe.

#include "homeostat/adapters/taxii/indicator.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/feed_update.hpp"
#include "homeostat/domain/network.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace homeostat::adapters::taxii {

class Indicators {
  public:
    /// Twice what may be marked, of all feeds. What is beyond is counted as skipped.
    static constexpr std::size_t networks_max = 100'000;
    /// Of those that have changed. Who is beyond it is told of to nobody: a listing ends by itself.
    static constexpr std::size_t touched_max = 4 * networks_max;

    /// An older version than the one that is there changes nothing.
    void take(const Indicator& indicator, WallTime now);

    /// Between these two all that the collection holds is read.
    void begin_whole() { ++whole_; }
    void end_whole(WallTime now);

    /// What has changed since it was last asked.
    [[nodiscard]] FeedUpdate changes(WallTime now);

    [[nodiscard]] std::size_t count() const { return held_.size(); }

  private:
    struct Held {
        WallTime modified;
        WallTime until;
        std::uint64_t number;
        std::uint64_t whole;  ///< In which it was read last.
        std::vector<Network> networks;
    };
    struct Span {
        WallTime from;
        WallTime until;
        std::string reason;
    };

    void touch(const std::vector<Network>& networks);
    void hold(const Indicator& indicator, WallTime now);
    void release(const Held& held);
    [[nodiscard]] std::optional<Listing> listing_of(const Network& network, WallTime now) const;

    std::map<std::string, Held> held_;  ///< By id.
    /// By address and the number of an indicator about it.
    std::map<std::pair<Network, std::uint64_t>, Span> spans_;
    std::set<std::tuple<WallTime, Network, std::uint64_t>> waiting_;  ///< For their beginning.
    std::set<Network> touched_;                                       ///< To be told.
    std::uint64_t numbers_{0};
    std::uint64_t whole_{0};
    std::uint64_t skipped_{0};
};

}  // namespace homeostat::adapters::taxii
