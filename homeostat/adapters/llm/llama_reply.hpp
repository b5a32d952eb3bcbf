#pragma once

// What the model server answered, from untrusted bytes to typed values.
//
// The server is assumed to be able to answer anything: every reply is size-capped, parsed strictly
// and refused as a whole (Fault broken) unless it is exactly what was asked for. A probability that
// belongs to no permitted label, or a permitted label without one, makes a reply worthless.
//
// Pure. ADR: the whole distribution over the labels is the answer; the sampled text is ignored.

#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/scored_labels.hpp"
#include "homeostat/base/result.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::llm {

/// Eight labels need less than 2 KiB; a server that sends more is not doing what was asked.
constexpr std::size_t reply_bytes_max = std::size_t{64} * 1024;

/// How far the probabilities may be from summing to 1: the server adds single-precision numbers.
constexpr double sum_error_max = 1e-3;

/// Reads the reply to a question about `permitted`.
/// ERRORS: broken, unless every permitted label has one finite probability, nothing else has one,
/// and they sum to 1.
[[nodiscard]] Result<ScoredLabels> parse_scored_labels(std::string_view body,
                                                       std::span<const TokenId> permitted);

/// Reads the tokens of a text. ERRORS: broken, also if there are more than a label may have.
[[nodiscard]] Result<std::vector<TokenId>> parse_tokens(std::string_view body);

/// The token that a label is behind a question, as the model will see it: a tokenizer may merge
/// across the border. ERRORS: broken: it is not one token.
[[nodiscard]] Result<TokenId> token_of_label(std::string_view label,
                                             std::span<const TokenId> question,
                                             std::span<const TokenId> with_label);

/// The name under which a running server knows its model: the file's name without folder, or what
/// /props calls it, reduced to plain bytes. ERRORS: broken.
[[nodiscard]] Result<std::string> parse_model_name(std::string_view body);

/// One line for people about a reply that is not 200: the status and the server's own words,
/// bounded and without control characters.
[[nodiscard]] std::string describe_refusal(int status, std::string_view body);

}  // namespace homeostat::adapters::llm
