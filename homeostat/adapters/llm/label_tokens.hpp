#pragma once

// LabelTokens: by which tokens a running server's model knows our labels.
//
// llama-server and vLLM both have POST /tokenize, and each ignores what only the other reads, so
// that one request serves both.

#include "homeostat/adapters/llm/http_body.hpp"
#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::llm {

/// The body of POST /tokenize: the tokens of `text` alone, none of them taken for a command.
/// model: as the server names it; empty: the only one.
[[nodiscard]] std::string tokenize_request(std::string_view model, std::string_view text);

/// What is asked of a server. model: as above.
struct LabelsAsked {
    std::string model;
    std::string question;  ///< What the labels are answers to.
    std::vector<std::string> labels;
};

/// The token of each label behind the question, in the order asked.
/// ERRORS: absent: the server has no /tokenize; broken: a label is not one token there.
Task<Result<std::vector<TokenId>>> tokens_of_labels(ModelConnection& server,
                                                    LabelsAsked asked,
                                                    Instant deadline);

}  // namespace homeostat::adapters::llm
