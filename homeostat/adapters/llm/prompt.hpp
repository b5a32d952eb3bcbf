#pragma once

// Prompt: what the model reads.
//
//     fixed instructions and catalogue | the operator's notes | evidence lines | fixed question
//
// The server keeps what it has read and goes on from the first byte that differs. So everything
// fixed stands first, and nothing that changes (a time, an id, a menu) stands before it. Evidence
// is written anew for each question and sent with it, once: its heaviest line stands first, so
// that what was read of the last one is no beginning of the next. A line is written by our own code
// from numbers, or is a note of the operator's; it is reduced to plain bytes all the same, because
// the server reads marks such as <end_of_turn> as commands.
//
// Pure. Values only.

#include "homeostat/domain/diagnosis.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace homeostat::adapters::llm {

/// Fits a context of 2,048 tokens even at two bytes per token.
constexpr std::size_t prompt_bytes_max = 4096;

/// The part that never changes: who the model is, the catalogue, solved examples.
[[nodiscard]] std::string_view prompt_prefix();

/// The prefix with the evidence behind it. More lines behind the same ones only ever add to its
/// end.
/// ENSURES: at most prompt_bytes_max bytes with the question; lines that no longer fit are left
/// out, from the end.
[[nodiscard]] std::string prompt_for(const Evidence& evidence);

/// What makes the model answer; goes behind prompt_for().
[[nodiscard]] std::string_view prompt_question();

/// Evidence that says nothing. What the model answers to it is its habit, not its judgement; three
/// wordings, because a habit depends on the words too.
constexpr std::array<std::string_view, 3> neutral_lines{"nothing measured", "no line",
                                                        "all values as usual"};

/// All that never changes from question to question, as one text. Its digest names what a
/// calibration was measured with: prefix, question, labels and neutral lines.
[[nodiscard]] std::string prompt_fixed_text();

/// SHA-256 over the lines as they are in the ledger, each with a line feed behind it; hex. Whoever
/// has a record can say whether the model was asked about the evidence that stands there.
[[nodiscard]] std::string digest_of(const Evidence& evidence);

/// `text` as printable ASCII without the marks that a tokenizer may take for commands, cut to
/// `bytes_max`.
[[nodiscard]] std::string plain_text(std::string_view text, std::size_t bytes_max);

}  // namespace homeostat::adapters::llm
