#pragma once

// LogShape: what of a log line is the program's, and what somebody's value.
//
// One scanner reads plain lines, key=value and JSON alike. What varies stands in a shape as
// nothing: numbers, durations, dates, ids, hex, addresses, paths, what is in quotes, and the value
// of every key but those that hold the program's own words (`msg`, `error`, `code` …). Neighbours
// that vary are one, so that a list of three has the shape of a list of five. A line becomes a
// template by its shape and nothing else (template_table.hpp); a gloss is read from the pieces,
// which are of the program's words alone (gloss.hpp). No byte of the line is in either, only
// hashes.
//
// Every step moves forward and what is remembered has a maximum: a hostile line of two KiB costs
// at most eight times what a friendly one does.
//
// Pure.

#include "homeostat/domain/signal.hpp"
#include "homeostat/sense/log_word.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace homeostat::sense {

constexpr std::size_t line_bytes_max = 2048;  ///< The rest of a longer line says nothing.
constexpr std::size_t words_max = 64;

struct LogShape {
    std::array<std::uint64_t, words_max> words;  ///< Hashes; 0: what varies.
    std::size_t words_count{0};
    /// Of the keys in their order and the word for the level. They are no words of the message:
    /// ten keys that all lines share would make any two messages similar.
    std::uint64_t keys{0};
    Pieces pieces;  ///< Of the program's own words.
    LogLevel level{LogLevel::info};

    [[nodiscard]] std::span<const std::uint64_t> all() const { return {words.data(), words_count}; }
};

/// Any bytes are a line.
[[nodiscard]] LogShape shape_of(std::string_view line);

}  // namespace homeostat::sense
