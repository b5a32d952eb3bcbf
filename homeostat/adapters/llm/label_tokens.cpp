#include "homeostat/adapters/llm/label_tokens.hpp"

#include "homeostat/adapters/llm/llama_reply.hpp"
#include "homeostat/base/json.hpp"

#include <utility>

namespace homeostat::adapters::llm {

namespace {

Task<Result<std::vector<TokenId>>> tokens(ModelConnection& server,
                                          std::string request,
                                          Instant deadline) {
    const Result<std::string> body =
        co_await post_json(server, "/tokenize", std::move(request), deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return parse_tokens(*body);
}

}  // namespace

std::string tokenize_request(std::string_view model, std::string_view text) {
    json::object request;
    if (!model.empty()) {
        request["model"] = json::value(model);
    }
    // vLLM's words, then llama-server's.
    request["prompt"] = json::value(text);
    request["add_special_tokens"] = false;
    request["content"] = json::value(text);
    request["add_special"] = false;
    request["parse_special"] = false;
    return to_text(request);
}

Task<Result<std::vector<TokenId>>> tokens_of_labels(ModelConnection& server,
                                                    LabelsAsked asked,
                                                    Instant deadline) {
    std::string question = tokenize_request(asked.model, asked.question);
    const Result<std::vector<TokenId>> begin =
        co_await tokens(server, std::move(question), deadline);
    if (!begin) {
        co_return std::unexpected(begin.error());
    }
    std::vector<TokenId> learned;
    for (const std::string& label : asked.labels) {
        std::string request = tokenize_request(asked.model, asked.question + label);
        const Result<std::vector<TokenId>> answered =
            co_await tokens(server, std::move(request), deadline);
        if (!answered) {
            co_return std::unexpected(answered.error());
        }
        const Result<TokenId> token = token_of_label(label, *begin, *answered);
        if (!token) {
            co_return std::unexpected(token.error());
        }
        learned.push_back(*token);
    }
    co_return learned;
}

}  // namespace homeostat::adapters::llm
