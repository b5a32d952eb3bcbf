#pragma once

// The shipped lexicon: what we know of the words that programs use for their troubles.
//
// Rows of one meaning each, in the order in which they win where two fit equally well. A pattern is
// words in their order; case, and whether they are one word ("SocketTimeoutException") or several
// ("socket timeout exception"), is nothing; `*` stands for any words between.
//
// A pattern has to say that something is wrong: "timeout" alone is a setting as often as a fault.
//
// Pure. Constants.

#include "homeostat/sense/gloss.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace homeostat::sense {

/// A numbered code and how programs write it.
enum class CodeFamily : std::uint8_t { http, grpc, error_number };

struct CodeRow {
    CodeFamily family;
    GlossClass kind;
    std::uint16_t number;
    std::string_view id;
    std::string_view words;
    std::string_view name;  ///< "unavailable"; of an error number its short name: "econnrefused".
    std::string_view more;  ///< Further patterns, as in a GlossRow; may be empty.
};

/// All spellings of a code, as a GlossRow has them.
[[nodiscard]] std::string patterns_of(const CodeRow& row);

/// What is said by databases, queues, clients and languages in so many words.
[[nodiscard]] std::array<std::span<const GlossRow>, 4> lexicon_rows();

[[nodiscard]] std::span<const GlossRow> network_rows();
[[nodiscard]] std::span<const GlossRow> resource_rows();
[[nodiscard]] std::span<const GlossRow> store_rows();
[[nodiscard]] std::span<const GlossRow> program_rows();
[[nodiscard]] std::span<const CodeRow> code_rows();
/// What is so general that everything else comes before it.
[[nodiscard]] std::span<const GlossRow> general_rows();

}  // namespace homeostat::sense
