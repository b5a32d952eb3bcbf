#pragma once

// SlotMap: which node of a Redis cluster keeps a key.
//
// A cluster says so by CLUSTER SLOTS, and by the redirections of whoever is asked for a key that it
// does not keep. Both name nodes by addresses; a name is refused as everywhere (net/endpoint.hpp),
// and an address that is left out is the one that was asked. CLUSTER SHARDS says the same in a
// looser shape, and Redis 6 does not know it.
//
// Pure.

#include "homeostat/adapters/redis/resp.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/net/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace homeostat::adapters::redis {

/// SOURCE: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
constexpr std::uint16_t slots_count = 16384;

/// A cluster of a thousand nodes has as many ranges; resharding cuts some of them in pieces.
constexpr std::size_t ranges_max = 2048;
constexpr std::size_t range_nodes_max = 16;
constexpr std::size_t slots_reply_bytes_max = std::size_t{1} << 20U;

/// The slot of a key: of what stands between its first `{` and the next `}`, if anything does.
[[nodiscard]] std::uint16_t slot_of(std::string_view key);

struct SlotRange {
    std::uint16_t first{0};
    std::uint16_t last{0};  ///< Of the range as well.
    net::Endpoint primary;
    std::vector<net::Endpoint> replicas{};
};

class SlotMap {
  public:
    /// REQUIRES: no slot is in two ranges.
    explicit SlotMap(std::vector<SlotRange> ranges);

    /// Null: nobody keeps that slot.
    [[nodiscard]] const SlotRange* find(std::uint16_t slot) const;

    [[nodiscard]] const std::vector<SlotRange>& ranges() const { return ranges_; }

  private:
    std::vector<SlotRange> ranges_;  ///< By their first slot.
};

using SlotsReply = std::variant<SlotMap, Complaint>;

/// Takes a reply to CLUSTER SLOTS from the front of `rest`, likewise as take_reply does. `asked` is
/// the node that gave it.
/// ERRORS: broken: another shape, too many ranges, slots in two of them, a node without an address.
[[nodiscard]] Result<std::optional<SlotsReply>> take_slots(std::string_view& rest,
                                                           const net::Endpoint& asked);

/// Where a cluster wants a command to be sent instead. It has not carried it out.
struct Redirection {
    net::Endpoint node;
    bool is_asking{false};  ///< For this once, behind ASKING: the slot is on its way there.
};

/// In a complaint such as "MOVED 3999 127.0.0.1:6381"; nothing in any other.
[[nodiscard]] std::optional<Redirection> parse_redirection(std::string_view complaint,
                                                           const net::Endpoint& asked);

}  // namespace homeostat::adapters::redis
