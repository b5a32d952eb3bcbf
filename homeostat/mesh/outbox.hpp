#pragma once

// Outbox: who we are this time, and the envelope round everything that we say.
//
// An epoch is one life of an agent. It rises with each start and has to be durable before the first
// message goes out, or two lives would speak under one number and an old answer would be taken for
// a new one. So the outbox is made of the epoch that was stored last, says which one has to be
// stored now, and addresses nothing until it was told that this has happened.
//
// Pure. Values only.

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/mesh/message.hpp"
#include "homeostat/mesh/names.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <utility>

namespace homeostat::mesh {

class Outbox {
  public:
    /// `stored_epoch`: what was durable when this process began; 0 if nothing ever was.
    explicit Outbox(AgentId self, std::uint64_t stored_epoch)
        : self_(std::move(self)), epoch_(stored_epoch + 1) {
        ensure(epoch_ <= number_max, "no agent starts 2^53 times");
    }

    /// Of this life. To be stored before anything is sent.
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

    /// The epoch is durable.
    void note_stored() { is_stored_ = true; }
    [[nodiscard]] bool is_stored() const { return is_stored_; }

    /// REQUIRES: is_stored(). ENSURES: the sequence to that neighbour has risen.
    [[nodiscard]] Message address(
        const AgentId& to, std::uint64_t to_epoch, Thread thread, Body body, Instant now) {
        ensure(is_stored_, "nothing is said before the epoch is durable");
        const auto since_boot =
            std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
        const auto valid = std::chrono::duration_cast<std::chrono::milliseconds>(valid_for(body));
        return {.from = self_,
                .to = to,
                .epoch = epoch_,
                .to_epoch = to_epoch,
                .sequence = ++sequences_[to],
                .sent_ms = static_cast<std::uint64_t>(since_boot.count()),
                .valid_ms = static_cast<std::uint32_t>(valid.count()),
                .thread = std::move(thread),
                .body = std::move(body)};
    }

  private:
    AgentId self_;
    std::uint64_t epoch_;
    bool is_stored_{false};
    std::map<AgentId, std::uint64_t> sequences_;  ///< Last used; of neighbours only.
};

}  // namespace homeostat::mesh
