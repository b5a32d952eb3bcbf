#pragma once

// Inbox: which messages are new, and in time.
//
// A message counts once, in the order in which it was sent, and only between the two lives that
// know each other: what was meant for our last life or sent by the neighbour's is refused. Nothing
// of this has to be stored, because our own epoch has risen when we have forgotten the rest.
//
// Two machines have no common clock. Late is what was on its way for longer than the fastest
// message of that neighbour by more than it is valid. Its clock may go faster or slower than ours
// by one part in a hundred; so much of the time since that fastest one is let pass. Messages that
// are all as slow as each other do no harm: whoever relies counts from when it sent.
//
// Pure. Values only; bounded by the keyring.

#include "homeostat/base/time.hpp"
#include "homeostat/mesh/message.hpp"
#include "homeostat/mesh/names.hpp"
#include "homeostat/mesh/wire.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <string_view>
#include <type_traits>
#include <utility>

namespace homeostat::mesh {

class Inbox {
  public:
    explicit Inbox(AgentId self) : self_(std::move(self)) {}

    /// Takes the bytes of one message. ERRORS: any of Discard; it is counted, nothing else changes.
    [[nodiscard]] std::expected<Message, Discard> admit(std::string_view bytes,
                                                        const Keyring& keyring,
                                                        std::uint64_t own_epoch,
                                                        Instant now);

    /// The neighbour's present life; 0: not heard of since we began.
    [[nodiscard]] std::uint64_t epoch_of(const AgentId& neighbour) const;

    [[nodiscard]] std::uint64_t discarded_count(Discard why) const {
        return discarded_counts_[static_cast<std::size_t>(why)];
    }

  private:
    /// What was heard of one neighbour.
    struct Heard {
        std::uint64_t epoch{0};
        std::uint64_t sequence{0};
        Duration transit_min{0};  ///< Our clock less the sender's, of the fastest message.
        Instant fastest_at{};
    };

    [[nodiscard]] std::expected<Heard, Discard> heard_after(const Message& message,
                                                            std::uint64_t own_epoch,
                                                            Instant now) const;

    AgentId self_;
    std::map<AgentId, Heard> heard_;
    std::array<std::uint64_t, discards_count> discarded_counts_{};
};

}  // namespace homeostat::mesh
