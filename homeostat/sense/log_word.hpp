#pragma once

// LogWord: what is to be known of one word of a log line, and the pieces that glosses are made of.
//
// A word varies if it has what names and constants of programs rarely have and values often do: a
// digit, a path, an address, a sign of mail, eight or more hex digits, more than 64 bytes. Its
// pieces are what a person reads in it: "SocketTimeoutException" is socket, timeout, exception.
//
// Pure. Everything is linear in the bytes of the word.

#include "homeostat/domain/signal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace homeostat::sense {

/// Longer words are tokens, hashes and the like.
constexpr std::size_t word_bytes_max = 64;

struct LogWord {
    std::uint64_t hash{0};  ///< Of its bytes; never 0. Its last bit: is_state_word.
    bool varies{false};
    bool is_path{false};  ///< Or a URL, or an address of mail: it varies, and tells nothing.
    bool is_mark{false};  ///< Neither letter nor digit in it.
};

[[nodiscard]] LogWord look_at(std::string_view word);

/// A word that says what happened ("closed", "failed", "down"), by its ending or from a list. Two
/// lines that differ in one are two templates, however alike they are: no value looks so, and
/// "started" is not "stopped".
[[nodiscard]] constexpr bool is_state_word(std::uint64_t hash) {
    return (hash & 1U) != 0;
}

/// Hashes of the pieces of text, in lower case, up to a maximum; what is beyond it is left out.
struct Pieces {
    static constexpr std::size_t count_max = 96;  ///< A line of 64 words, some of them compound.
    std::array<std::uint64_t, count_max> hashes;
    std::size_t count{0};

    void add(std::uint64_t hash) {
        if (count < count_max) {
            hashes[count++] = hash;
        }
    }
    [[nodiscard]] std::span<const std::uint64_t> all() const { return {hashes.data(), count}; }
};

/// Cuts `text` at everything that is neither letter nor digit and where a capital begins a word.
void add_pieces(std::string_view text, Pieces& pieces);

/// What a line says of itself with such a word at its front: "WARN", "E1127", "LOG", "panic".
[[nodiscard]] std::optional<LogLevel> level_of(std::string_view word);

/// What stands in the field `level` of a structured line: a word, or a number as pino has it.
[[nodiscard]] std::optional<LogLevel> level_of_field(std::string_view text);

/// "Nov", "Fri", "PM", "UTC": part of a date where the word before it varies.
[[nodiscard]] bool is_date_word(std::string_view word);

/// "ms", "seconds", "KiB": part of a quantity where the word before it varies.
[[nodiscard]] bool is_unit(std::string_view word);

/// What the value behind a key is good for.
enum class KeyKind : std::uint8_t {
    other,    ///< Somebody's value: it varies and is not read.
    telling,  ///< The program's own words or code: read like the rest of the line.
    level,
};

[[nodiscard]] KeyKind kind_of_key(std::string_view key);

}  // namespace homeostat::sense
