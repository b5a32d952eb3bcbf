#pragma once

// LlmClient: one question to the model server, from typed values to typed values.
//
// Retries nothing. A status other than 200 is Fault refused; a body that is not exactly what was
// asked for is Fault broken; the rest is the connection's.
//
// Not thread-safe; one request at a time (the oracle sees to it).

#include "homeostat/adapters/llm/server_reply.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/http_client.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::llm {

class LlmClient {
  public:
    LlmClient(boost::asio::any_io_executor executor, net::Endpoint endpoint)
        : http_(std::move(executor), std::move(endpoint)) {}

    /// Is it there and has it loaded its model? ERRORS: unreachable, late, refused (still loading).
    Task<Result<void>> health(Instant deadline);
    Task<Result<std::string>> model_name(Instant deadline);
    Task<Result<std::vector<TokenId>>> tokens(std::string text, Instant deadline);
    Task<Result<ScoredLabels>> score(std::string prompt,
                                     std::vector<TokenId> permitted,
                                     Instant deadline);

  private:
    Task<Result<std::string>> get(std::string path, Instant deadline);
    Task<Result<std::string>> post(std::string path, std::string body, Instant deadline);

    net::HttpClient http_;
};

}  // namespace homeostat::adapters::llm
