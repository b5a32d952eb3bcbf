#pragma once

// Which addresses a STIX pattern is about, if it is about nothing else.
//
// Read are comparisons of an ipv4-addr or an ipv6-addr with one address or range, by `=` or by
// ISSUBSET, and any number of them joined by OR. Anything else would have to be guessed at: that an
// address is suspicious together with a domain, or after another event, is no reason to refuse
// whoever has it. Such a pattern is not understood as a whole.
//
// SOURCE: STIX 2.1, chapter 9.
//
// Pure. Values only.

#include "homeostat/domain/network.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace homeostat::adapters::taxii {

constexpr std::size_t pattern_bytes_max = 4096;
constexpr std::size_t pattern_networks_max = 32;

/// Empty: it is not understood.
[[nodiscard]] std::vector<Network> parse_pattern(std::string_view text);

}  // namespace homeostat::adapters::taxii
