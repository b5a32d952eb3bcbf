#include "homeostat/adapters/llm/llama_client.hpp"

#include "homeostat/adapters/llm/label_tokens.hpp"
#include "homeostat/adapters/llm/llama_reply.hpp"
#include "homeostat/adapters/llm/llama_request.hpp"

#include <utility>

namespace homeostat::adapters::llm {

Task<Result<void>> LlamaClient::health(Instant deadline) {
    const Result<std::string> body = co_await get_body(server_, "/health", deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return Result<void>{};
}

Task<Result<std::string>> LlamaClient::model_name(Instant deadline) {
    const Result<std::string> body = co_await get_body(server_, "/props", deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return parse_model_name(*body);
}

Task<Result<void>> LlamaClient::learn_labels(std::string question,
                                             std::vector<std::string> labels,
                                             Instant deadline) {
    LabelsAsked asked{.model = {}, .question = std::move(question), .labels = std::move(labels)};
    Result<std::vector<TokenId>> learned =
        co_await tokens_of_labels(server_, std::move(asked), deadline);
    if (!learned) {
        co_return std::unexpected(learned.error());
    }
    tokens_of_labels_ = std::move(*learned);
    co_return Result<void>{};
}

Task<Result<ScoredLabels>> LlamaClient::score(std::string prompt,
                                              std::vector<std::size_t> permitted,
                                              Instant deadline) {
    std::vector<TokenId> ids;
    ids.reserve(permitted.size());
    for (const std::size_t place : permitted) {
        ids.push_back(tokens_of_labels_.at(place));
    }
    std::string request = score_request(prompt, ids);
    const Result<std::string> body =
        co_await post_json(server_, "/completion", std::move(request), deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return parse_scored_labels(*body, ids);
}

}  // namespace homeostat::adapters::llm
