#include "homeostat/adapters/llm/http_body.hpp"

#include "homeostat/adapters/llm/llama_reply.hpp"

#include <utility>

namespace homeostat::adapters::llm {

namespace {

/// What servers say to a path or a model that they do not have.
bool is_without(int status) {
    return status == 404 || status == 405 || status == 501;
}

net::HttpHeaders headers_of(const ModelConnection& server) {
    net::HttpHeaders headers;
    if (!server.token.empty()) {
        headers.emplace_back("Authorization", "Bearer " + server.token);
    }
    return headers;
}

Result<std::string> body_of(Result<net::HttpResponse> response) {
    if (!response) {
        return fail("the model server", response.error());
    }
    if (response->status != 200) {
        return fail(is_without(response->status) ? Fault::absent : Fault::refused,
                    describe_refusal(response->status, response->body));
    }
    return std::move(response->body);
}

}  // namespace

Task<Result<std::string>> get_body(ModelConnection& server, std::string path, Instant deadline) {
    net::HttpRequest request{
        .method = "GET", .path = std::move(path), .headers = headers_of(server)};
    Result<net::HttpResponse> response = co_await server.http.request(std::move(request), deadline);
    co_return body_of(std::move(response));
}

Task<Result<std::string>> post_json(ModelConnection& server,
                                    std::string path,
                                    std::string body,
                                    Instant deadline) {
    net::HttpRequest request{.method = "POST",
                             .path = std::move(path),
                             .body = std::move(body),
                             .content_type = "application/json",
                             .headers = headers_of(server)};
    Result<net::HttpResponse> response = co_await server.http.request(std::move(request), deadline);
    co_return body_of(std::move(response));
}

}  // namespace homeostat::adapters::llm
