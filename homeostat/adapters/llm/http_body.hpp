#pragma once

// Requests of JSON to a model server, and the bodies of its answers.
//
// The token goes with every request, and into no error.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/http_client.hpp"

#include <string>

namespace homeostat::adapters::llm {

/// A server, and by what it knows us.
struct ModelConnection {
    net::HttpClient http;
    std::string token{};  ///< Empty: it asks for none.
};

/// ERRORS: absent: the server has no such path, or no such model; refused: another status than 200;
/// the rest is the connection's.
Task<Result<std::string>> get_body(ModelConnection& server, std::string path, Instant deadline);
Task<Result<std::string>> post_json(ModelConnection& server,
                                    std::string path,
                                    std::string body,
                                    Instant deadline);

}  // namespace homeostat::adapters::llm
