#pragma once

// FNV-1a: a 64-bit hash that is the same on every machine and in every release. It tells things
// apart that nobody forges, and keeps no secret.
//
// Pure.

#include <cstdint>
#include <string_view>

namespace homeostat {

/// SOURCE: Fowler, Noll and Vo's offset basis and prime for 64 bits.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xCBF29CE484222325ULL;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    }
    return hash;
}

}  // namespace homeostat
