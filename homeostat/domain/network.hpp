#pragma once

// Network: a range of addresses, or one address.
//
// IPv4 is kept as IPv6 keeps it (::ffff:0:0/96), so that one comparison does for both. A text with
// bits behind its prefix is refused: whoever writes 192.0.2.7/24 means either that address or that
// network, and nobody knows which.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat {

struct Network {
    static constexpr std::size_t bytes_count = 16;
    static constexpr std::uint8_t bits_max = 128;
    static constexpr std::uint8_t bits_of_v4 = 96;  ///< In front of an IPv4 address.

    std::array<std::uint8_t, bytes_count> bytes{};  ///< Zero behind the prefix.
    std::uint8_t bits{bits_max};                    ///< Of the prefix, IPv4's 96 included.

    friend auto operator<=>(const Network&, const Network&) = default;
};

/// "192.0.2.7", "192.0.2.0/24", "2001:db8::1", "2001:db8::/48".
/// ERRORS: invalid, with what is wrong.
[[nodiscard]] Result<Network> parse_network(std::string_view text);

/// As the kernel's inet_ntop writes it, so that what a proxy reports can be compared; the prefix
/// only where it is no single address.
[[nodiscard]] std::string to_text(const Network& network);

/// The same as an IPv6 text: 192.0.2.7 is ::ffff:192.0.2.7. Without the prefix.
[[nodiscard]] std::string to_v6_text(const Network& network);

[[nodiscard]] bool is_v4(const Network& network);

/// Says whether every address of `inner` is one of `outer`.
[[nodiscard]] bool contains(const Network& outer, const Network& inner);

[[nodiscard]] inline bool overlap(const Network& left, const Network& right) {
    return contains(left, right) || contains(right, left);
}

/// Cuts the address down to its first `bits`. REQUIRES: bits <= 128.
[[nodiscard]] Network prefix_of(const Network& network, std::uint8_t bits);

/// Says whether any of its addresses is one that nobody out there can have: loopback, private,
/// link-local, multicast and what is reserved for nothing else.
/// SOURCE: the IANA registries of special-purpose addresses (RFC 6890 and what updates it).
[[nodiscard]] bool is_reserved(const Network& network);

}  // namespace homeostat
