#include "homeostat/adapters/llm/llm_client.hpp"

#include "homeostat/adapters/llm/server_request.hpp"

#include <utility>

namespace homeostat::adapters::llm {

namespace {

Result<std::string> body_of(Result<net::HttpResponse> response) {
    if (!response) {
        return fail("the model server", response.error());
    }
    if (response->status != 200) {
        return fail(Fault::refused, describe_refusal(response->status, response->body));
    }
    return std::move(response->body);
}

}  // namespace

Task<Result<void>> LlmClient::health(Instant deadline) {
    const Result<std::string> body = co_await get("/health", deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return Result<void>{};
}

Task<Result<std::string>> LlmClient::model_name(Instant deadline) {
    const Result<std::string> body = co_await get("/props", deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return parse_model_name(*body);
}

Task<Result<std::vector<TokenId>>> LlmClient::tokens(std::string text, Instant deadline) {
    std::string request = tokens_request(text);
    const Result<std::string> body = co_await post("/tokenize", std::move(request), deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return parse_tokens(*body);
}

Task<Result<ScoredLabels>> LlmClient::score(std::string prompt,
                                            std::vector<TokenId> permitted,
                                            Instant deadline) {
    std::string request = score_request(prompt, permitted);
    const Result<std::string> body = co_await post("/completion", std::move(request), deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    co_return parse_scored_labels(*body, permitted);
}

Task<Result<std::string>> LlmClient::get(std::string path, Instant deadline) {
    net::HttpRequest request{.method = "GET", .path = std::move(path)};
    Result<net::HttpResponse> response = co_await http_.request(std::move(request), deadline);
    co_return body_of(std::move(response));
}

Task<Result<std::string>> LlmClient::post(std::string path, std::string body, Instant deadline) {
    net::HttpRequest request{.method = "POST",
                             .path = std::move(path),
                             .body = std::move(body),
                             .content_type = "application/json"};
    Result<net::HttpResponse> response = co_await http_.request(std::move(request), deadline);
    co_return body_of(std::move(response));
}

}  // namespace homeostat::adapters::llm
