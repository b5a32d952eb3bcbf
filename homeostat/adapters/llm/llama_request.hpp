#pragma once

// What we ask the model server: the bodies of our requests, as text.
//
// A question scores labels in one forward pass: all permitted labels get the same large bias, so
// that exactly they are the likeliest tokens, and the probabilities that come back are the softmax
// over them. No grammar is used (it costs a pass over the whole vocabulary) and nothing is
// generated. A menu is masked by not naming its labels, so the prompt stays the same to the byte
// and what the server has read stays valid.
//
// Pure.

#include "homeostat/adapters/llm/label.hpp"

#include <span>
#include <string>
#include <string_view>

namespace homeostat::adapters::llm {

/// POST /completion: the probability of each of `permitted` as the next token.
[[nodiscard]] std::string score_request(std::string_view prompt,
                                        std::span<const TokenId> permitted);

}  // namespace homeostat::adapters::llm
