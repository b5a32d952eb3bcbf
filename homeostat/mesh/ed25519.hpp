#pragma once

// Ed25519: signing and checking of bytes. The only place of the mesh that knows a library for it.
//
// Both are functions of their arguments alone (RFC 8032 draws no chance), so the core stays the
// same in tests, in the simulator and in production. Keys come in as bytes: where they lie and who
// may read them is for whoever wires an agent.
//
// Pure. Thread-safe.

#include <array>
#include <cstdint>
#include <string_view>

namespace homeostat::mesh {

using SigningSeed = std::array<std::uint8_t, 32>;  ///< The private key. Never printed or recorded.
using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

[[nodiscard]] PublicKey public_key_of(const SigningSeed& seed);

[[nodiscard]] Signature sign(const SigningSeed& seed, std::string_view bytes);

/// False also for 32 bytes that are no key.
[[nodiscard]] bool is_signed_by(const PublicKey& key,
                                std::string_view bytes,
                                const Signature& signature);

}  // namespace homeostat::mesh
