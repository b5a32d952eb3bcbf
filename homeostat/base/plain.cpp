#include "homeostat/base/plain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace homeostat {

namespace {

/// How many bytes a character of UTF-8 has by its first; 0 if none begins so.
std::size_t length_by(unsigned lead) {
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    return lead < 0xE0 ? 2 : 3U + (lead >= 0xF0 ? 1 : 0);
}

/// Ends a line, or is a command to a terminal; or turns the direction of what stands around it
/// (UAX #9).
bool is_command(std::uint32_t character) {
    const bool is_control = character < ' ' || (character >= 0x7F && character < 0xA0) ||
                            character == 0x2028 || character == 0x2029;
    const bool turns = character == 0x061C || character == 0x200E || character == 0x200F ||
                       (character >= 0x202A && character <= 0x202E) ||
                       (character >= 0x2066 && character <= 0x2069);
    return is_control || turns;
}

/// How many bytes to show as they are: the first character of `text`, or 0 if its first byte is to
/// be made visible.
std::size_t shown_length(std::string_view text) {
    const std::size_t length = length_by(static_cast<unsigned char>(text.front()));
    if (length == 0 || text.size() < length) {
        return 0;
    }
    constexpr std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    std::uint32_t character = static_cast<unsigned char>(text.front());
    character &= length == 1 ? 0x7FU : 0xFFU >> (length + 1);
    for (const char c : text.substr(1, length - 1)) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80) {
            return 0;
        }
        character = character << 6U | (byte & 0x3FU);
    }
    const bool is_surrogate = character >= 0xD800 && character <= 0xDFFF;
    const bool is_one = character >= smallest.at(length) && character <= 0x10FFFF && !is_surrogate;
    return is_one && !is_command(character) ? length : 0;
}

}  // namespace

std::string plain(std::string_view text, std::size_t bytes_max) {
    std::string out;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t length = shown_length(rest);
        if (text.size() - rest.size() + std::max<std::size_t>(length, 1) > bytes_max) {
            return out + "…";
        }
        out += length == 0 ? fmt::format("\\x{:02x}", static_cast<unsigned char>(rest.front()))
                           : std::string(rest.substr(0, length));
        rest.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

}  // namespace homeostat
