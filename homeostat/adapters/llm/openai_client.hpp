#pragma once

// OpenAiClient: the API of OpenAI's completions, as vLLM, llama-server and others serve it.
//
// One request scores a menu where the server tells of the tokens that it is given (vLLM), or whose
// labels the model has in mind; else each label that it has not costs one more.
// openai_messages.hpp says why.

#include "homeostat/adapters/llm/http_body.hpp"
#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/model_client.hpp"
#include "homeostat/adapters/llm/openai_messages.hpp"

#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::llm {

class OpenAiClient final : public ModelClient {
  public:
    /// wanted: which of the server's models; empty: the first that it names.
    OpenAiClient(ModelConnection server, std::string wanted)
        : server_(std::move(server)), wanted_(std::move(wanted)) {}

    /// ERRORS: also absent: the server has no such model.
    Task<Result<void>> health(Instant deadline) override;
    Task<Result<std::string>> model_name(Instant deadline) override;
    /// Where the server has no /tokenize, a label can only be listed, and not asked for by itself:
    /// one that is not among the likeliest counts as ruled out.
    Task<Result<void>> learn_labels(std::string question,
                                    std::vector<std::string> labels,
                                    Instant deadline) override;
    Task<Result<ScoredLabels>> score(std::string prompt,
                                     std::vector<std::size_t> permitted,
                                     Instant deadline) override;

  private:
    Task<Result<std::string>> learn_model(Instant deadline);
    Task<Result<void>> ask_one_by_one(const std::string& prompt,
                                      const std::vector<std::size_t>& permitted,
                                      ListedLabels& listed,
                                      Instant deadline);

    ModelConnection server_;
    std::string wanted_;
    std::string model_;  ///< As the server names it; empty until it was asked.
    std::vector<std::string> labels_;
    std::vector<TokenId> tokens_of_labels_;  ///< Empty: the server has no /tokenize.
};

}  // namespace homeostat::adapters::llm
