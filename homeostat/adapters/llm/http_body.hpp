#pragma once

// Requests of JSON to a model server, and the bodies of its answers.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/http_client.hpp"

#include <string>

namespace homeostat::adapters::llm {

/// ERRORS: absent: the server has no such path, or no such model; refused: another status than 200;
/// the rest is the connection's.
Task<Result<std::string>> get_body(net::HttpClient& http, std::string path, Instant deadline);
Task<Result<std::string>> post_json(net::HttpClient& http,
                                    std::string path,
                                    std::string body,
                                    Instant deadline);

}  // namespace homeostat::adapters::llm
