#pragma once

// What an OpenAI-compatible server is asked, and what it answered, from untrusted bytes to typed
// values.
//
// Such a server lists the likeliest tokens of the next position with their log probabilities,
// twenty at most, and a model that was not trained for these labels has others in mind. vLLM tells
// those of the tokens that it is given instead; others do not know that field and pass over it. A
// label that is not listed then is asked for by itself: with a bias that makes it the one that is
// generated, and the log probability that it had without. (llama-server and vLLM both report that;
// one that reported the biased ones would say of each label that it is certain, and is refused.)
//
// Two forms of the list are in use: an object of texts (vLLM, as OpenAI had it), and a list of
// objects (llama-server, as OpenAI's chat has it).
//
// Pure.

#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/scored_labels.hpp"
#include "homeostat/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::llm {

/// POST /v1/completions: the chances of `labels` as the next token where the server can be asked
/// for them by name, else the likeliest next tokens. labels: empty if they are not known.
[[nodiscard]] std::string completion_request(std::string_view model,
                                             std::string_view prompt,
                                             std::span<const TokenId> labels);

/// The same for one token, which is generated whatever its chance.
[[nodiscard]] std::string forced_request(std::string_view model,
                                         std::string_view prompt,
                                         TokenId token);

/// What one answer lists of the labels that were asked for.
struct ListedLabels {
    /// Natural logarithms, in the order asked; none: not among the likeliest.
    std::vector<std::optional<double>> log_probabilities;
    /// Of the least likely token that is listed; 0, which is certain, if none is.
    double log_probability_min{0};
    /// Of the prompt, taken over from the last one; none where the server does not say.
    std::optional<std::uint32_t> tokens_cached_count;
    std::uint32_t tokens_count{0};  ///< Of the prompt.
};

/// Reads the reply to a question about `permitted`.
/// ERRORS: broken, unless there is one position with log probabilities that can be such, and no
/// permitted label stands twice.
[[nodiscard]] Result<ListedLabels> parse_listed(std::string_view body,
                                                std::span<const std::string> permitted);

/// Reads the reply to a question that forced `label`: its log probability without the force.
/// ERRORS: broken, also if something else was generated.
[[nodiscard]] Result<double> parse_forced(std::string_view body, std::string_view label);

/// Completes `listed` by what `parse_forced` gave for the label at `place`.
/// ERRORS: broken: what is not listed cannot be likelier than what is, so that the server tells
/// chances with its bias.
[[nodiscard]] Result<void> take_forced(ListedLabels& listed,
                                       std::size_t place,
                                       double log_probability);

/// The labels' shares of what falls to them together. What has no log probability has no share.
/// ERRORS: broken: none has, or together they are more than certain.
[[nodiscard]] Result<ScoredLabels> scored_of(const ListedLabels& listed);

/// GET /v1/models: the name of `wanted`, or of the first if that is empty, as it is asked by.
/// ERRORS: broken; absent: no such model, with those that there are.
[[nodiscard]] Result<std::string> parse_models(std::string_view body, std::string_view wanted);

}  // namespace homeostat::adapters::llm
