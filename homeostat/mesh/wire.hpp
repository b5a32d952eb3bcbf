#pragma once

// wire: a message as signed bytes, and back.
//
// One message has one byte form: its fields in order, no spaces, whole numbers, the signature last.
// `open` writes again what it has read and refuses bytes that differ, so nothing that two readers
// could take differently gets in. What is signed begins with words that nothing else of ours is
// signed under. `open` says who wrote it; whether it is new is for the inbox.
//
// Pure.

#include "homeostat/mesh/ed25519.hpp"
#include "homeostat/mesh/message.hpp"
#include "homeostat/mesh/names.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>

namespace homeostat::mesh {

constexpr std::size_t message_bytes_max = 1024;

/// Why a message was thrown away. Each changes nothing but its own count.
enum class Discard : std::uint8_t {
    oversized,        ///< Over 1 KiB; nothing of it was read.
    malformed,        ///< No message, out of bounds, or not in its one byte form.
    version_unknown,  ///< Of a later protocol than ours.
    sender_unknown,   ///< Not on the list of neighbours.
    forged,           ///< The signature does not fit.
    misaddressed,     ///< For somebody else.
    stale_epoch,      ///< For, or from, somebody who has been restarted since.
    replayed,         ///< We had this one, or a later one, already.
    late,             ///< On its way for longer than it is valid.
};

constexpr auto names_of(std::type_identity<Discard>) {
    return std::to_array<std::string_view>({"oversized", "malformed", "version_unknown",
                                            "sender_unknown", "forged", "misaddressed",
                                            "stale_epoch", "replayed", "late"});
}

constexpr std::size_t discards_count = names_of(std::type_identity<Discard>{}).size();

/// The neighbours that this agent listens to, from its configuration, with their keys.
using Keyring = std::map<AgentId, PublicKey>;

/// REQUIRES: the message keeps its bounds (`objection_to`); any such fits into 1 KiB.
[[nodiscard]] std::string seal(const Message& message, const SigningSeed& seed);

/// ERRORS: the first five of Discard.
[[nodiscard]] std::expected<Message, Discard> open(std::string_view bytes, const Keyring& keyring);

}  // namespace homeostat::mesh
