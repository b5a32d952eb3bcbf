#pragma once

// Text from outside, made fit to be shown to a person: on a terminal, a page or in a message.
//
// It commands nothing: no terminal, no line of its own, no direction of writing. What a page or a
// message besides takes for markup, their own writers escape.
//
// Pure.

#include <cstddef>
#include <string>
#include <string_view>

namespace homeostat {

/// `text` with control characters, escape sequences, marks that turn the direction of writing and
/// broken UTF-8 made visible. ENSURES: UTF-8 on one line, of what stands in the first `bytes_max`
/// bytes.
[[nodiscard]] std::string plain(std::string_view text, std::size_t bytes_max = 400);

}  // namespace homeostat
