#include "homeostat/mesh/inbox.hpp"

#include <chrono>
#include <variant>

namespace homeostat::mesh {

namespace {

constexpr int drift_part = 100;  // Quartz is within one part in ten thousand; machines pause.

/// Our clock less the sender's: nothing by itself, and its differences are differences of delay.
Duration transit_of(const Message& message, Instant now) {
    const auto sent = std::chrono::milliseconds{static_cast<std::int64_t>(message.sent_ms)};
    return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()) - sent;
}

}  // namespace

std::expected<Message, Discard> Inbox::admit(std::string_view bytes,
                                             const Keyring& keyring,
                                             std::uint64_t own_epoch,
                                             Instant now) {
    std::expected<Message, Discard> message = open(bytes, keyring);
    const std::expected<Heard, Discard> heard =
        message ? heard_after(*message, own_epoch, now) : std::unexpected(message.error());
    if (!heard) {
        ++discarded_counts_[static_cast<std::size_t>(heard.error())];
        return std::unexpected(heard.error());
    }
    heard_[message->from] = *heard;
    return message;
}

std::expected<Inbox::Heard, Discard> Inbox::heard_after(const Message& message,
                                                        std::uint64_t own_epoch,
                                                        Instant now) const {
    if (message.to != self_) {
        return std::unexpected(Discard::misaddressed);
    }
    const auto found = heard_.find(message.from);
    Heard heard = found == heard_.end() ? Heard{} : found->second;
    const bool is_greeting = std::holds_alternative<Beacon>(message.body) && message.to_epoch == 0;
    const bool is_for_this_life = is_greeting || message.to_epoch == own_epoch;
    if (!is_for_this_life || message.epoch < heard.epoch) {
        return std::unexpected(Discard::stale_epoch);
    }
    const Duration transit = transit_of(message, now);
    if (message.epoch > heard.epoch) {
        return Heard{message.epoch, message.sequence, transit, now};
    }
    if (message.sequence <= heard.sequence) {
        return std::unexpected(Discard::replayed);
    }
    const Duration fastest = heard.transit_min + (now - heard.fastest_at) / drift_part;
    if (transit - fastest > std::chrono::milliseconds{message.valid_ms}) {
        return std::unexpected(Discard::late);
    }
    heard.sequence = message.sequence;
    if (transit <= fastest) {
        heard.transit_min = transit;
        heard.fastest_at = now;
    }
    return heard;
}

std::uint64_t Inbox::epoch_of(const AgentId& neighbour) const {
    const auto found = heard_.find(neighbour);
    return found == heard_.end() ? 0 : found->second.epoch;
}

}  // namespace homeostat::mesh
