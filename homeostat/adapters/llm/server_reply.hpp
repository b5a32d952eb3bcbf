#pragma once

// What the model server answered, from untrusted bytes to typed values.
//
// The server is assumed to be able to answer anything: every reply is size-capped, parsed strictly
// and refused as a whole (Fault broken) unless it is exactly what was asked for. A probability that
// belongs to no permitted label, or a permitted label without one, makes a reply worthless.
//
// Pure. ADR: the whole distribution over the labels is the answer; the sampled text is ignored.

#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::llm {

/// Eight labels need less than 2 KiB; a server that sends more is not doing what was asked.
constexpr std::size_t reply_bytes_max = std::size_t{64} * 1024;

/// How far the probabilities may be from summing to 1: the server adds single-precision numbers.
constexpr double sum_error_max = 1e-3;

struct ScoredLabels {
    std::vector<double> probabilities;     ///< In the order of the permitted labels; sum is 1.
    std::uint32_t tokens_cached_count{0};  ///< Of the prompt, taken over from the last one.
    std::uint32_t tokens_fresh_count{0};   ///< Of the prompt, evaluated now.
};

/// Natural logarithm with a floor of log 1e-9: single precision says 0 below that, and the log of 0
/// is no number that a record can hold.
[[nodiscard]] double log_of_probability(double probability);

/// Reads the reply to a question about `permitted`.
/// ERRORS: broken, unless every permitted label has one finite probability, nothing else has one,
/// and they sum to 1.
[[nodiscard]] Result<ScoredLabels> parse_scored_labels(std::string_view body,
                                                       std::span<const TokenId> permitted);

/// Reads the tokens of a text. ERRORS: broken, also if there are more than a label may have.
[[nodiscard]] Result<std::vector<TokenId>> parse_tokens(std::string_view body);

/// The name under which a running server knows its model: the file's name without folder, or what
/// /props calls it, reduced to plain bytes. ERRORS: broken.
[[nodiscard]] Result<std::string> parse_model_name(std::string_view body);

/// One line for people about a reply that is not 200: the status and the server's own words,
/// bounded and without control characters.
[[nodiscard]] std::string describe_refusal(int status, std::string_view body);

}  // namespace homeostat::adapters::llm
