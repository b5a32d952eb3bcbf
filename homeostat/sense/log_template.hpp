#pragma once

// LogTemplate: the shape of a log line without what varies in it.
//
// A word with a digit, a quote or an equals sign in it varies; everything else is the line's shape.
// One pass, linear in the bytes looked at, no memory: what a stranger writes costs no more than
// what a friend does. The choice not taken: a prefix tree as Drain has it, which merges more and
// remembers text.
//
// Pure.

#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/signal.hpp"

#include <string_view>

namespace homeostat::sense {

struct LogTemplate {
    TemplateId id;
    LogLevel level{LogLevel::info};
};

constexpr std::size_t line_bytes_max = 2048;  ///< The rest of a longer line says nothing.
constexpr std::size_t words_max = 64;

/// Any bytes are a line.
[[nodiscard]] LogTemplate template_of(std::string_view line);

}  // namespace homeostat::sense
