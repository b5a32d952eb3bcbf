#include "homeostat/adapters/llm/llama_client.hpp"

#include "homeostat/adapters/llm/http_body.hpp"
#include "homeostat/adapters/llm/llama_reply.hpp"
#include "homeostat/adapters/llm/llama_request.hpp"

#include <utility>

namespace homeostat::adapters::llm {

Task<Result<void>> LlamaClient::health(Instant deadline) {
    const Result<std::string> body = co_await get_body(http_, "/health", deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return Result<void>{};
}

Task<Result<std::string>> LlamaClient::model_name(Instant deadline) {
    const Result<std::string> body = co_await get_body(http_, "/props", deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return parse_model_name(*body);
}

Task<Result<void>> LlamaClient::learn_labels(std::string question,
                                             std::vector<std::string> labels,
                                             Instant deadline) {
    const Result<std::vector<TokenId>> begin = co_await tokens(question, deadline);
    if (!begin) {
        co_return std::unexpected(begin.error());
    }
    std::vector<TokenId> learned;
    for (const std::string& label : labels) {
        const Result<std::vector<TokenId>> answered = co_await tokens(question + label, deadline);
        if (!answered) {
            co_return std::unexpected(answered.error());
        }
        const Result<TokenId> token = token_of_label(label, *begin, *answered);
        if (!token) {
            co_return std::unexpected(token.error());
        }
        learned.push_back(*token);
    }
    tokens_of_labels_ = std::move(learned);
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
        co_await post_json(http_, "/completion", std::move(request), deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return parse_scored_labels(*body, ids);
}

Task<Result<std::vector<TokenId>>> LlamaClient::tokens(std::string text, Instant deadline) {
    std::string request = tokens_request(text);
    const Result<std::string> body =
        co_await post_json(http_, "/tokenize", std::move(request), deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return parse_tokens(*body);
}

}  // namespace homeostat::adapters::llm
