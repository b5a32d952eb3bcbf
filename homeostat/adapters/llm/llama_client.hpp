#pragma once

// LlamaClient: llama-server's own API.
//
// Labels are scored by their tokens, all lifted alike, so that the answer is the softmax over them.

#include "homeostat/adapters/llm/http_body.hpp"
#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/model_client.hpp"

#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::llm {

class LlamaClient final : public ModelClient {
  public:
    explicit LlamaClient(ModelConnection server) : server_(std::move(server)) {}

    Task<Result<void>> health(Instant deadline) override;
    Task<Result<std::string>> model_name(Instant deadline) override;
    /// ERRORS: broken: a label is not one token behind the question.
    Task<Result<void>> learn_labels(std::string question,
                                    std::vector<std::string> labels,
                                    Instant deadline) override;
    Task<Result<ScoredLabels>> score(std::string prompt,
                                     std::vector<std::size_t> permitted,
                                     Instant deadline) override;

  private:
    ModelConnection server_;
    std::vector<TokenId> tokens_of_labels_;
};

}  // namespace homeostat::adapters::llm
