#pragma once

// The numbers and texts of base/binary.hpp as bytes, appended to a buffer: what BinaryReader reads.
//
// Pure.

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::binary_detail {

/// The one NaN that is written: quiet, positive, no payload.
constexpr std::uint64_t nan_bits = 0x7FF8'0000'0000'0000;

inline void write_unsigned(std::uint64_t number, std::string& out) {
    for (; number >= 0x80U; number >>= 7U) {
        out.push_back(static_cast<char>(number | 0x80U));
    }
    out.push_back(static_cast<char>(number));
}

inline void write_signed(std::int64_t number, std::string& out) {
    const std::uint64_t sign = number < 0 ? ~std::uint64_t{0} : 0;
    write_unsigned((static_cast<std::uint64_t>(number) << 1U) ^ sign, out);
}

inline void write_bool(bool value, std::string& out) {
    out.push_back(value ? '\1' : '\0');
}

inline void write_double(double number, std::string& out) {
    const std::uint64_t bits = std::isnan(number) ? nan_bits : std::bit_cast<std::uint64_t>(number);
    std::array<char, sizeof bits> bytes{};
    for (unsigned index = 0; index < bytes.size(); ++index) {
        bytes[index] = static_cast<char>(bits >> (8 * index));
    }
    out.append(bytes.data(), bytes.size());
}

inline void write_text(std::string_view text, std::string& out) {
    write_unsigned(text.size(), out);
    out.append(text);
}

}  // namespace homeostat::binary_detail
